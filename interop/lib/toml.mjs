// Prints settings as the TOML that `placet serve` reads.

const isTable = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON's escapes are a subset of those of a TOML basic string. */
function inline(value) {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (isTable(value)) return `{ ${pairs(value).join(', ')} }`;
  return JSON.stringify(value);
}

function pairs(table) {
  return Object.entries(table)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)} = ${inline(value)}`);
}

/** Tables and lists of tables get their header; what is deeper stands inline. */
export function toml(settings) {
  const top = [];
  const tables = [];
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (isTable(value)) tables.push('', `[${key}]`, ...pairs(value));
    else if (Array.isArray(value) && value.some(isTable)) {
      for (const entry of value) tables.push('', `[[${key}]]`, ...pairs(entry));
    } else top.push(`${key} = ${inline(value)}`);
  }
  return `${[...top, ...tables].join('\n')}\n`;
}
