import { findBridgeSettings } from './bridge-settings.ts';
import { findBridgeFaults } from './bridges.ts';
import { findLostFilters } from './filters.ts';
import type { Finding } from './finding.ts';
import { findForwardingFaults } from './forwarding.ts';
import { findHostFaults } from './host.ts';
import { findLeaks } from './leaks.ts';
import { findPortFaults } from './ports.ts';
import type { Sight } from './sight.ts';
import { findStranded } from './stranded.ts';
import { findSubnetFaults } from './subnets.ts';
import { findUplinkFaults } from './uplinks.ts';

/** All that is wrong, what keeps containers from working first. Nothing is asked of the system here. */
export function diagnose(sight: Sight): Finding[] {
  return [
    findBridgeFaults,
    findPortFaults,
    findBridgeSettings,
    findUplinkFaults,
    findStranded,
    findLostFilters,
    findForwardingFaults,
    findLeaks,
    findSubnetFaults,
    findHostFaults,
  ].flatMap((find) => find(sight));
}
