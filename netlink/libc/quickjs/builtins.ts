/**
 * The engine makes each of its own functions when it is first looked up. Those of these objects are looked up here, at
 * build time, and so are in the executable's heap.
 */
const owners: readonly object[] = [
  Array,
  Array.prototype,
  String.prototype,
  Object,
  Number,
  Map.prototype,
  RegExp.prototype,
  Uint8Array.prototype,
  Object.getPrototypeOf(Uint8Array),
  Object.getPrototypeOf(Uint8Array.prototype),
  Object.getPrototypeOf([].values()),
  Object.getPrototypeOf(new Map().values()),
  JSON,
];

for (const owner of owners) Object.getOwnPropertyDescriptors(owner);
