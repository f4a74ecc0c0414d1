/** What a CHECK finds missing in netfilter that the ADD had set up. */
export interface Lost {
  /** `masquerading of 10.15.20.2` */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}
