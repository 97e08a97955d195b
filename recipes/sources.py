"""What the shipped models' corpora are made of: packages, folders, licences and splits, as plain data.

Every source names the part of a path that must never be divided between training and testing: its *group* (a
speaker, a piece of music, a drum kit, a pitch). `corpus.py` orders a source's groups by a hash and deals them
out, so that the split depends on nothing but this page and the names of the files.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Sounds of one origin.

    `base` is a folder inside the package (or inside the --corpus folder when `package` is None). `include` is
    searched for in each path below it and must match; its named group `group` is the unit of the split. Pairs
    (expression, split) in `pinned` decide before the hash does. `valid` and `test` are the numbers of groups
    held out. Pairs (expression, licence) in `licences` are tried in turn before `licence`. Files whose sample
    rate is below `min_rate` hertz are left out.
    """

    name: str
    base: str
    include: str
    licence: str
    credit: str
    package: str | None = None
    exclude: str | None = None
    valid: int = 0
    test: int = 0
    pinned: tuple[tuple[str, str], ...] = ()
    licences: tuple[tuple[str, str], ...] = ()
    min_rate: int = 16000


SOUNDFONT = ("musescore-general-soundfont-lossless", "usr/share/sounds/sf2/MuseScore_General_Full.sf2")
"""Package and file of the sound font that MIDI pieces are played with (MIT)."""


def _asterisk(language: str, voice: str, licence: str, credit: str) -> Source:
    return Source(
        name=f"asterisk_{language}",
        package=f"asterisk-core-sounds-{language}-g722",
        base=f"usr/share/asterisk/sounds/{voice}",
        include=r"(?P<group>[^/]+)\.g722$",
        exclude=r"^silence/",
        licence=licence,
        credit=credit,
        valid=3,
    )


def _fillets(language: str, valid: str) -> Source:
    return Source(
        name=f"fillets_{language}",
        package=f"fillets-ng-data-{language}",
        base="usr/share/games/fillets-ng/sound",
        include=rf"(?P<group>[^/]+)/{language}/[^/]+\.ogg$",
        licence="GPL-2",
        credit="Fish Fillets NG (ALTAR interactive and contributors)",
        pinned=((rf"^{valid}/", "valid"),),
    )


SPEECH = (
    Source(
        name="librispeech",
        base="speech/librispeech",
        include=r"(?:^|/)(?:\d+_)?(?P<group>\d+)-\d+-\d+\.flac$",
        licence="CC BY 4.0",
        credit="LibriSpeech train-clean-100 (V. Panayotov et al., from LibriVox)",
        valid=8,
        test=24,
    ),
    Source(
        name="commands_sentences",
        base="speech/commands_sentences",
        include=r"(?P<group>[^/]+)\.(opus|wav|flac)$",
        licence="Apache-2.0",
        credit="Picovoice speech-to-intent benchmark",
        valid=12,
    ),
    Source(
        name="kerstin_de",
        base="speech/kerstin_de",
        include=r"(?P<group>[^/]+)\.(opus|wav|flac)$",
        licence="CC0",
        credit="rhasspy dataset-voice-kerstin",
        valid=8,
    ),
    Source(
        name="arabic",
        base="commands/arabic",
        include=r"(?:^|/)(?P<group>\d+)_[^/]+\.(flac|wav)$",
        licence="CC BY 4.0",
        credit="Arabic Speech Commands (A. Ghandoura et al.)",
        valid=1,
        test=6,
    ),
    Source(
        name="festvox_ru",
        package="festvox-ru",
        base="usr/share/festival/voices/russian/msu_ru_nsh_clunits/wav",
        include=r"(?P<group>ru_\d+)\.wav$",
        licence="BSD-like",
        credit="festvox msu_ru_nsh_clunits (N. Shmyrev)",
        valid=6,
        pinned=((r"ru_0(559|5[6-9]\d|60\d|61\d|620)\.", "test_ru"),),
    ),
    _asterisk("en", "en_US_f_Allison", "CC BY-SA 3.0", "Allison Smith, Digium"),
    _asterisk("es", "es_MX_f_Allison", "CC BY-SA 3.0", "Allison Smith, Digium"),
    _asterisk("it", "it_IT_m_Carlo", "CC BY 3.0", "Carlo Flora"),
    _asterisk("ru", "ru_RU_f_IvrvoiceRU", "CC BY 3.0", "Maxim Topal, ivrvoice.ru"),
    Source(
        name="tuxpaint",
        package="tuxpaint-stamps-default",
        base="usr/share/tuxpaint/stamps",
        include=r"_desc(?:_(?P<group>[A-Za-z_]+))?\.(ogg|wav)$",
        licence="GPL-2",
        credit="Tux Paint stamps (B. Kendrick and contributors)",
        pinned=((r"_desc_lt\.", "valid"),),
    ),
    _fillets("cs", "library"),
    _fillets("nl", "library"),
    Source(
        name="klettres",
        package="klettres-data",
        base="usr/share/klettres",
        include=r"^(?P<group>[^/]+)/(?:alpha|syllab)/[^/]+\.ogg$",
        licence="GPL-2+",
        credit="KLettres (A.-M. Mahfouf and contributors)",
        pinned=((r"^nds/", "valid"),),
    ),
    Source(
        name="gcin_voice",
        package="gcin-voice",
        base="usr/share/gcin-voice/ogg",
        include=r"/(?P<group>\d+)\.ogg$",
        licence="CC BY 3.0",
        credit="gcin-voice (E. Der-Hua Liu; ChionMeilin and Chu Lo)",
        licences=((r"/3\.ogg$", "GPL-3 or LGPL-3"),),
    ),
)


def _instrument(name: str, group: str, licence: str, credit: str, *, valid: int, test: int) -> Source:
    return Source(
        name=name,
        base=f"instruments/{name}",
        include=group + r"[^/]*\.(opus|wav|flac)$",
        licence=licence,
        credit=credit,
        valid=valid,
        test=test,
        min_rate=32000,
    )


MUSIC = (
    _instrument(
        "piano",
        r"(?:FF|Mf|MF|Mp|PP)_?(?P<group>[A-G]#?\d)",
        "public domain",
        "Splendid Grand Piano (Steinway, AKAI)",
        valid=2,
        test=6,
    ),
    _instrument(
        "guitar",
        r"_(?P<group>[a-g]b?\d)(?=[_.])",
        "CC0",
        "Black and Green Guitars (Karoryfer)",
        valid=1,
        test=4,
    ),
    _instrument("saxophone", r"(?:^|_|/)(?P<group>[a-g]b?\d)_[pf]_", "CC0", "Weresax (Karoryfer)", valid=1, test=3),
    _instrument(
        "mixed",
        r"(?:^|/)(?:\d{5}_)?(?P<group>[^/]+?)(?:_?(?:rr|vl|v|Vel)?\d+|_(?:Mid|Sum|L|R))*(?=\.)",
        "CC0 or CC BY, per instrument",
        "Discord SFZ GM Bank",
        valid=4,
        test=12,
    ),
    Source(
        name="esc10",
        base="environment/esc10",
        include=r"(?:^|/)\d-(?P<group>\d+)-[^/]+\.(ogg|wav)$",
        licence="CC BY 3.0",
        credit="ESC-10 (K. J. Piczak, from freesound.org)",
        valid=12,
        pinned=((r"(?:^|/)5-[^/]+$", "test"),),
        min_rate=32000,
    ),
    Source(
        name="wesnoth",
        package="wesnoth-1.16-music",
        base="usr/share/games/wesnoth/1.16/data/core/music",
        include=r"(?P<group>[^/]+?)(?:-old|-epic|\d)*\.ogg$",
        exclude=r"^silence\.",
        licence="GPL-2+",
        credit="The Battle for Wesnoth (several composers)",
        valid=2,
        test=4,
        min_rate=32000,
    ),
    Source(
        name="naev",
        package="naev-data",
        base="usr/share/naev/dat/snd",
        include=r"(?:music|sounds)/(?P<group>[^/]+?)(?:_?(?:theme)?\d+)*\.(ogg|wav)$",
        licence="GPL-3+, some GPL-2+, CC BY 3.0 or public domain (see the package's copyright file)",
        credit="Naev (several composers)",
        valid=2,
        test=5,
        pinned=((r"music/(void_sensor|ambiphonic)\.", "test"),),
        licences=(
            (r"music/(void_sensor|ambiphonic)\.", "CC BY 3.0"),
            (r"music/(ambient4|combat\d|dvaered\d|eureka|sirius2|terminal)\.", "CC BY-SA 3.0"),
            (
                r"music/(ambient|automat|battlesomething|collective|empire|flf_battle|intrigue|intro|"
                r"landing_sinister|nebu_battle|sirius1|tension|upbeat|zalek)[\d_]*\.",
                "GPL-3 or CC BY 3.0",
            ),
            (
                r"music/(agriculture|cosmostation|galacticbattle|launch\w+|liftoff|machina|mission|ocean|"
                r"peace\d|snow)\.",
                "GPL-2+",
            ),
        ),
        min_rate=32000,
    ),
    Source(
        name="supertux",
        package="supertux-data",
        base="usr/share/games/supertux2",
        include=r"^(?:music/[^/]+|sounds)/(?P<group>[^/]+?)[-_]?\d*\.(ogg|wav)$",
        licence="GPL-2+ or GPL-3+",
        credit="SuperTux (M. Moeckel and others)",
        valid=3,
        test=8,
        min_rate=32000,
    ),
    Source(
        name="unknown_horizons",
        package="unknown-horizons",
        base="usr/share/unknown-horizons/content/audio",
        include=r"^(?:music|sounds)/(?:.+/)?(?P<group>[^/]+?)\d*\.ogg$",
        licence="CC BY-SA 3.0",
        credit="Unknown Horizons Team",
        valid=1,
        test=4,
        min_rate=32000,
    ),
    Source(
        name="flare",
        package="flare-game",
        base="usr/share/games/flare/mods/fantasycore",
        include=r"^(?:music|soundfx)/(?:.+/)?(?P<group>[^/]+?)_?\d*\.ogg$",
        licence="CC BY-SA 3.0",
        credit="Flare: Empyrean Campaign (C. Bellanger and others)",
        valid=3,
        test=8,
        pinned=((r"^music/(forest_theme|cave_theme)\.", "test"), (r"^music/title_theme\.", "valid")),
        min_rate=32000,
    ),
    Source(
        name="openmsx",
        package="openttd-openmsx",
        base="usr/share/games/openttd/baseset/openmsx",
        include=r"(?P<group>[^/]+)\.mid$",
        licence="GPL-2 (score), MIT (sound font)",
        credit="OpenMSX (several composers), MuseScore General sound font",
        valid=1,
        test=4,
        min_rate=32000,
    ),
    Source(
        name="drumkits",
        package="hydrogen-drumkits",
        base="usr/share/hydrogen/data/drumkits",
        include=r"^(?P<group>[^/]+)/[^/]+\.(wav|flac)$",
        licence="GPL-2 or GPL-2+",
        credit="Hydrogen drum kits (per kit, see the package's copyright file)",
        pinned=(
            (r"^(ElectricEmpireKit|ColomboAcousticDrumkit|VariBreaks)/", "test"),
            (r"^Millo-Drums", "valid"),
        ),
        licences=(
            (r"^circAfrique", "CC BY-SA 3.0"),
            (r"^BJA_Pacific", "CC BY-SA 3.0 US"),
            (r"^rumpf_kit", "CC BY 3.0"),
            (r"^Audiophob", "CC0"),
        ),
        min_rate=32000,
    ),
    Source(
        name="sonic_pi",
        package="sonic-pi-samples",
        base="usr/share/sonic-pi/samples",
        include=r"(?P<group>[a-z]+_[a-z0-9]+?)\d*(?:_[^/]*)?\.flac$",
        licence="CC0",
        credit="Sonic Pi samples (from freesound.org, see the package's copyright file)",
        valid=4,
        test=14,
        min_rate=32000,
    ),
)
