import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const article = read('test/conf/lab-br1.conf');

/** The schemas as an editor has them: each under its file's name, unknown keywords passed over. */
function open(): { validate: ValidateFunction; ajv: Ajv } {
  const ajv = new Ajv({ strict: false, allErrors: true });
  for (const name of ['bridge.schema.json', 'host-local.schema.json']) {
    const schema = read(`plugin/config/${name}`);
    expect(ajv.validateSchema(schema)).toBe(true);
    ajv.addSchema(schema, name);
  }
  const validate = ajv.getSchema('bridge.schema.json');
  if (validate === undefined) throw new Error('no such schema');
  return { validate, ajv };
}

test('both schemas are of the draft that they say, and find each other', () => {
  expect(read('plugin/config/bridge.schema.json').$schema).toBe('http://json-schema.org/draft-07/schema#');
  open();
});

test.each(['test/conf/lab-br1.conf', 'test/conf/lab-rkt-br.conf'])('%s is valid', (path) => {
  const { validate } = open();
  expect([validate(read(path)), validate.errors]).toEqual([true, null]);
  const marked = { $schema: '../../plugin/config/bridge.schema.json', ...read(path) };
  expect([validate(marked), validate.errors]).toEqual([true, null]);
});

test.each([
  [{ mtu: 'big' }, '/mtu'],
  [{ isGateway: 'yes' }, '/isGateway'],
  [{ bridge: 'a%d' }, '/bridge'],
  [{ ipam: { type: 'host-local', subnet: 5 } }, '/ipam/subnet'],
  [{ ipam: { type: 'host-local', routes: [{ gw: '10.0.0.1' }] } }, '/ipam/routes/0'],
  [{ vlanTrunk: [{ minID: 5 }] }, '/vlanTrunk/0'],
])('%j is marked at %s', (difference, where) => {
  const { validate } = open();
  expect(validate({ ...article, ...difference })).toBe(false);
  expect(validate.errors?.map(({ instancePath }) => instancePath)).toContain(where);
});

test('host-local has a schema of its own', () => {
  const { ajv } = open();
  const validate = ajv.getSchema('host-local.schema.json');
  expect(validate?.(article)).toBe(true);
  expect(validate?.({ name: 'net' })).toBe(false);
});
