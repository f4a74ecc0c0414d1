import { CniError } from '../../../cni/error.ts';

/**
 * The {@link CniError} that something ends with.
 * @throws Error if it ends with none; any other error that it ends with
 */
export function errorOf(action: () => unknown): Pick<CniError, 'code' | 'msg' | 'details'> {
  try {
    action();
  } catch (error) {
    if (error instanceof CniError) return { code: error.code, msg: error.msg, details: error.details };
    throw error;
  }
  throw new Error('no error');
}
