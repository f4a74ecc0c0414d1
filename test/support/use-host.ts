import { Host } from './host.ts';

/** A new {@link Host} for each test in the enclosing `describe`, with these containers in it. */
export function useHost(...containers: readonly string[]): Host {
  const host = new Host();
  beforeEach(() => host.start(...containers));
  afterEach(() => host.stop());
  return host;
}

/** One {@link Host} for all tests in the enclosing `describe`, which must leave nothing on it. */
export function shareHost(...containers: readonly string[]): Host {
  const host = new Host();
  beforeAll(() => host.start(...containers));
  afterAll(() => host.stop());
  return host;
}
