// Jest gives each test file a context with its own globals, so `instanceof` fails on objects that native code makes
// with the outer ones. ref-napi and ffi-napi are loaded in the context, but their addons see the outer realm, so both
// share the binary types.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Buffer, ArrayBuffer, Uint8Array });
  }
};
