// A name, id or list of ids with the row's number put in the place of the old one: "a.b.3.c", "f-a-b-3-c".
export function renamed(text, path, from, to) {
  const dashed = path.replaceAll(".", "-");
  const swap = (each) => {
    for (const [start, dot] of [
      [`${path}.`, "."],
      [`f-${dashed}-`, "-"],
    ]) {
      if (each === `${start}${from}`) return `${start}${to}`;
      if (each.startsWith(`${start}${from}${dot}`)) return `${start}${to}${each.slice(`${start}${from}`.length)}`;
    }
    return each;
  };
  return text.split(" ").map(swap).join(" ");
}
