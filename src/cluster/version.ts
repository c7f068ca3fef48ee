// Owns which Kubernetes this is, and how Peapod names itself beside it.

/** What kubelets and the API say they are. */
export const kubernetesVersion = 'v1.36.3+peapod';
