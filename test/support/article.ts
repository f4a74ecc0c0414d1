import { readFileSync } from 'node:fs';

/** The article's configuration. */
interface Article {
  readonly cniVersion: string;
  readonly name: string;
  readonly type: string;
  readonly bridge: string;
  readonly isGateway: boolean;
  readonly ipMasq: boolean;
  readonly ipam: {
    readonly type: string;
    readonly subnet: string;
    readonly routes: readonly { readonly dst: string }[];
  };
}

/** The article's configuration, byte for byte. */
export const articleText = readFileSync('test/conf/lab-br1.conf', 'utf8');

export const article: Article = JSON.parse(articleText);

/** The article's configuration in another version of CNI. */
export const articleAs = (cniVersion: string): Article => ({ ...article, cniVersion });
