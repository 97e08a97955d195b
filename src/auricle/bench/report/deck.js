// Sounds that run side by side in a loop, of which one is heard: both listening tests play with it.
const Deck = (() => {
  const FADE_SECONDS = 0.008;
  const ANCHOR_TAPS = 1023;
  const decoded = new Map();
  let context = null;
  let active = null; // the deck that was played last

  const bytes = (player) => {
    const text = atob(player.src.slice(player.src.indexOf(",") + 1));
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer;
  };

  /** The sound of a player of the page; place 0 of a section is the original, then come its versions. */
  const sound = (section, place) => {
    const player = document.querySelectorAll("section.sound")[section].querySelectorAll("audio")[place];
    context ??= new AudioContext();
    if (!decoded.has(player)) decoded.set(player, context.decodeAudioData(bytes(player)));
    return decoded.get(player);
  };

  /** A sound without what lies above a frequency: a windowed sinc, its delay taken off. */
  const lowPassed = async (buffer, hertz) => {
    const half = (ANCHOR_TAPS - 1) / 2;
    const { numberOfChannels, length, sampleRate } = buffer;
    const kernel = new AudioBuffer({ length: ANCHOR_TAPS, sampleRate });
    kernel.copyToChannel(Ratings.lowPass(hertz / sampleRate, ANCHOR_TAPS), 0);
    const offline = new OfflineAudioContext(numberOfChannels, length + half, sampleRate);
    const source = new AudioBufferSourceNode(offline, { buffer });
    source.connect(new ConvolverNode(offline, { buffer: kernel, disableNormalization: true }))
      .connect(offline.destination);
    source.start();
    const filtered = await offline.startRendering();
    const cut = new AudioBuffer({ numberOfChannels, length, sampleRate });
    for (let channel = 0; channel < numberOfChannels; channel++)
      cut.copyToChannel(filtered.getChannelData(channel).subarray(half, half + length), channel);
    return cut;
  };

  /** All buffers run from one instant on in a loop, silent, at equal mean power. */
  const open = (buffers) => {
    const names = Object.keys(buffers);
    const gains = Tally.gains(names.map((name) => Tally.level(buffers[name])));
    const until = Math.min(...names.map((name) => buffers[name].duration));
    const start = context.currentTime + 0.05;
    const tracks = Object.fromEntries(names.map((name, index) => {
      const source = new AudioBufferSourceNode(context, { buffer: buffers[name], loop: true, loopEnd: until });
      const fader = new GainNode(context, { gain: 0 });
      source.connect(fader).connect(context.destination);
      source.start(start);
      return [name, { source, fader, gain: gains[index] }];
    }));
    return { tracks, playing: null, onSilenced: () => {} };
  };

  const fade = (deck, name) => {
    const now = context.currentTime;
    for (const [other, { fader, gain }] of Object.entries(deck.tracks)) {
      fader.gain.cancelScheduledValues(now);
      fader.gain.setValueAtTime(fader.gain.value, now);
      fader.gain.linearRampToValueAtTime(other === name ? gain : 0, now + FADE_SECONDS);
    }
  };

  /** One sound fades out while another fades in; what another deck plays ends. */
  const hear = async (deck, name) => {
    for (const player of document.querySelectorAll("audio")) player.pause();
    if (active !== null && active !== deck) {
      fade(active, null);
      active.playing = null;
      active.onSilenced();
    }
    active = deck;
    fade(deck, name);
    await context.resume();
  };

  const silence = () => context?.suspend();

  const close = (deck) => {
    if (active === deck) active = null;
    for (const { source, fader } of Object.values(deck?.tracks ?? {})) {
      source.stop();
      fader.disconnect();
    }
  };

  return { close, hear, lowPassed, open, silence, sound };
})();
