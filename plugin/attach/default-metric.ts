import type { Route } from '../../cni/result.ts';
import { RT_TABLE_MAIN } from '../../netlink/linux/rtnetlink.ts';

/**
 * Gives a metric to the default routes of the main table that have none.
 * @param metric undefined leaves them as they are
 */
export function withMetric(routes: readonly Route[], metric: number | undefined): readonly Route[] {
  if (metric === undefined) return routes;
  return routes.map((route) => {
    const { dst, priority = 0, table = RT_TABLE_MAIN } = route;
    return dst.prefix === 0 && priority === 0 && table === RT_TABLE_MAIN
      ? { ...route, priority: metric }
      : route;
  });
}
