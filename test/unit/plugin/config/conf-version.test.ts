import { versionForError } from '../../../../plugin/config/conf-version.ts';
import { read } from '../../support/configuration.ts';

test('an unknown version names both sides', () => {
  expect(() => read({ cniVersion: '2.0.0' })).toThrow(
    expect.objectContaining({
      code: 1,
      msg: 'incompatible CNI versions',
      details: expect.stringMatching(/2\.0\.0.*1\.1\.0/),
    }),
  );
});
test.each(['adsfsadf', '1.', '1.1.0.0', '1.1.0-rc1', 'v1.1.0', '-1', ' 1.1.0', 4, [], { major: 1 }])(
  'the version %j is none, and an error is answered in the latest',
  (cniVersion) => {
    expect(() => read({ cniVersion })).toThrow(
      expect.objectContaining({ code: 6, msg: 'failed to decode version info' }),
    );
    expect(versionForError(new TextEncoder().encode(JSON.stringify({ cniVersion })))).toBe('1.1.0');
  },
);

test.each(['9.0.0', '1.0', '1'])('the version %j is not supported', (cniVersion) => {
  expect(() => read({ cniVersion })).toThrow(expect.objectContaining({ code: 1 }));
});
