/** Something that the ADD set up in netfilter and a CHECK doesn't find. */
export interface Lost {
  /** `masquerading of 10.15.20.2` */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}
