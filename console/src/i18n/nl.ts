import { frame } from './nl/frame';
import { program } from './nl/program';
import { values } from './nl/values';
import { work } from './nl/work';
import type { Messages } from './i18n';

export const nl: Messages = { ...frame, ...work, ...program, ...values };
