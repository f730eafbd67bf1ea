/** The part of jstat 1.9.6 that is used here; the package comes without types. */
declare module 'jstat' {
  interface Distribution {
    cdf(x: number, ...parameters: number[]): number;
    inv(p: number, ...parameters: number[]): number;
    pdf(x: number, ...parameters: number[]): number;
  }
  const library: {
    jStat: {
      /** Regularized incomplete beta function. */
      ibeta(x: number, a: number, b: number): number;
      beta: Distribution;
      chisquare: Distribution;
      normal: Distribution;
      noncentralt: Omit<Distribution, 'inv'>;
    };
  };
  export default library;
}
