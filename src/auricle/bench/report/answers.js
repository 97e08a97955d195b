// Files of answers, which both listening tests save and load: JSON that says what it is, and values that make sense.
const Answers = (() => {
  const VERSION = 1;

  const isText = (value, least, most) => typeof value === "string" && value.length >= least && value.length <= most;

  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  /** A name that nothing else has. */
  const identity = () =>
    [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /** The text of a file. */
  const saved = (format, fields) => `${JSON.stringify({ format, version: VERSION, ...fields }, null, 1)}\n`;

  /** The values under a key of a file, and how many of them were none. Throws an Error that says what is wrong. */
  const loaded = (text, format, key, makesSense) => {
    let fields;
    try {
      fields = JSON.parse(text);
    } catch {
      throw new Error("is not JSON");
    }
    if (fields?.format !== format || fields.version !== VERSION || !Array.isArray(fields[key]))
      throw new Error("was not saved by this test");
    const values = fields[key].filter(makesSense);
    return { values, refused: fields[key].length - values.length };
  };

  /** The values of files that `load` makes of their texts, and a line about each file. */
  const read = async (files, load, word) => {
    const all = [];
    const lines = [];
    for (const file of files) {
      try {
        const { values, refused } = load(await file.text());
        all.push(...values);
        lines.push(`${file.name}: ${count(values.length, word)}${refused ? `, ${refused} made no sense` : ""}`);
      } catch (error) {
        lines.push(`${file.name} ${error.message}`);
      }
    }
    return { values: all, text: `${lines.join("; ")}.` };
  };

  /** Lets the browser save a text under a name with the day in it. */
  const download = (text, word, end) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${word}-${new Date().toISOString().slice(0, 10)}-${end.slice(0, 6)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  /** A row of a table. */
  const cells = (tag, texts) => {
    const row = document.createElement("tr");
    for (const text of texts) row.appendChild(document.createElement(tag)).textContent = text;
    return row;
  };

  return { cells, count, download, identity, isText, loaded, read, saved };
})();
