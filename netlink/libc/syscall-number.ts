/** Numbers of the system calls that are made, as the kernel's headers have them. */
export const x64 = {
  read: 0,
  write: 1,
  close: 3,
  pwrite64: 18,
  socket: 41,
  sendto: 44,
  recvfrom: 45,
  setsockopt: 54,
  flock: 73,
  fsync: 74,
  ftruncate: 77,
  statfs: 137,
  getdents64: 217,
  openat: 257,
  mkdirat: 258,
  unlinkat: 263,
  renameat: 264,
  linkat: 265,
  faccessat: 269,
  utimensat: 280,
  setns: 308,
  statx: 332,
} as const;

/** asm-generic/unistd.h */
export const arm64: Readonly<Record<keyof typeof x64, number>> = {
  read: 63,
  write: 64,
  close: 57,
  pwrite64: 68,
  socket: 198,
  sendto: 206,
  recvfrom: 207,
  setsockopt: 208,
  flock: 32,
  fsync: 82,
  ftruncate: 46,
  statfs: 43,
  getdents64: 61,
  openat: 56,
  mkdirat: 34,
  unlinkat: 35,
  renameat: 38,
  linkat: 37,
  faccessat: 48,
  utimensat: 88,
  setns: 268,
  statx: 291,
};

/** Those of the machine (asm/unistd.h). */
export const syscallNumber: Readonly<Record<keyof typeof x64, number>> =
  process.arch === 'arm64' ? arm64 : x64;
