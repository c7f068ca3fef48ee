// Owns how a volume that could not be set up is told of: by which step, of which volume, and whether it was found out at all.

/** Why a volume could not be set up. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** A step that failed, told of by another name than the one that the pod has for the volume. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly step: string;
  readonly of: string;

  /** `step` as upstream names it: `MountVolume.SetUp`. */
  constructor(step: string, of: string, message: string) {
    super(message);
    this.step = step;
    this.of = of;
  }
}

/** The volume of a claim could not even be found out. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}
