// `make unit`, `make integration` and `make e2e` run one project each; `make test` runs all three.

const project = (name) => ({
  displayName: name,
  testEnvironment: '<rootDir>/build/jest-environment.cjs',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform: { '\\.ts$': '<rootDir>/build/jest-transform.cjs' },
  moduleFileExtensions: ['ts', 'js', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^@2060\\.io/ref-napi$': 'ref-napi' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  injectGlobals: true,
});

module.exports = {
  projects: ['unit', 'integration', 'e2e'].map(project),
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/build/jest-tally.cjs'],
};
