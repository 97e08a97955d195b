// What one room hands to another: for this tab, until the other has taken it.
const shelf = (name) => `auricle-studio-${name}`;

export const remember = (name, value) => sessionStorage.setItem(shelf(name), JSON.stringify(value));

/** What was handed over, or null; it is gone then. */
export const take = (name) => {
  const value = JSON.parse(sessionStorage.getItem(shelf(name)) ?? "null");
  sessionStorage.removeItem(shelf(name));
  return value;
};
