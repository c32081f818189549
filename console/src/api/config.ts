// What the server says before anybody has signed in.

import { BASE } from './base';

export interface SignInConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly resource: string | null;
}

export interface Config {
  readonly letterhead: string[];
  readonly signIn: SignInConfig | null;
  /// Whether the server issues signed certificates.
  readonly certificates: boolean;
}

let config: Promise<Config> | undefined;

export function getConfig(): Promise<Config> {
  config ??= fetch(`${BASE}/console/config.json`).then((response) => response.json() as Promise<Config>);
  return config;
}
