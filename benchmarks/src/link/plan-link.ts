import type { LinkPlan, LinkShape } from './link.ts';
import { loopbackPlan } from './loopback-link.ts';
import { describeNamespaceLink, openNamespaceLink } from './namespace-link.ts';
import { describeRelayLink, openRelayLink } from './relay-link.ts';

/**
 * Decides how the links of a case are made. Network namespaces have no delay here (that takes `netem`, which many kernels
 * lack), so a long link is a relay; a short one is too where the system permits no namespaces, which is tried out.
 *
 * @param openNamespaces for tests
 */
export async function planLink(shape: LinkShape | undefined, openNamespaces = openNamespaceLink): Promise<LinkPlan> {
  if (shape === undefined) return loopbackPlan;
  const relay = { description: describeRelayLink(shape), open: () => openRelayLink(shape) };
  if (shape.roundTripMs > 0) return relay;
  try {
    await using _trial = await openNamespaces(shape);
  } catch (error) {
    const [why] = (error as Error).message.split('\n');
    return { ...relay, description: `${relay.description} No network namespaces here: ${why ?? ''}.` };
  }
  return { description: describeNamespaceLink(shape), open: () => openNamespaces(shape) };
}
