// The package's version; a test holds it equal to package.json's.
/** The package's version. */
export const VERSION = '0.1.0';
