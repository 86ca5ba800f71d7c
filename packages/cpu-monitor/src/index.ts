export { CpuMonitor, type CpuMonitorEvents, type CpuSample } from './cpu-monitor.ts';
export type { CpuSourceName, CpuTarget } from './cpu-source.ts';
export type { CpuMonitorOptions } from './monitor-options.ts';
