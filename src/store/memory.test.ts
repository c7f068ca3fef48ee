// Owns proving that the memory engine keeps the store's contract.
import { storeConformance } from './conformance.ts';
import { memoryStore } from './memory.ts';

storeConformance('memory', async () => memoryStore());
