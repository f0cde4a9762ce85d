// GNAP from outside: a client and a resource server that share no code with the server, and a person at Chromium.
//
// Spec: RFC 9635, RFC 9767, RFC 7240 §4.3, RFC 9421, RFC 9493, RFC 9530

import { runCases } from '../lib/cases.mjs';
import { continuationCases } from './continuation.mjs';
import { deviceCases } from './device.mjs';
import { dialectCases } from './dialects.mjs';
import { interactionCases } from './interaction.mjs';
import { profileCases } from './profiles.mjs';
import { proofCases } from './proofs.mjs';
import { resourceServerCases } from './resource_server.mjs';
import { Stage } from './stage.mjs';
import { tokenCases } from './tokens.mjs';

const stage = await Stage.start();

await runCases({
  ...profileCases(stage),
  ...interactionCases(stage),
  ...deviceCases(stage),
  ...continuationCases(stage),
  ...tokenCases(stage),
  ...dialectCases(stage),
  ...proofCases(stage),
  ...resourceServerCases(stage),
}, () => stage.stop());
