// The operations that JavaScript's Math lacks: the twin of special.py, right to 1e-12 of the number.
const special = (() => {
  const SQRT_PI = Math.sqrt(Math.PI);
  const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];
  const horner = (coefficients, x) => coefficients.reduceRight((total, c) => total * x + c, 0);
  const range = count => [...Array(Math.max(0, count)).keys()];

  const gaussian = x => Math.exp(-x * x);
  const erfSeries = x => {  // A&S 7.1.6: all terms have one sign
    let term = x, total = x;
    for (let n = 1; n < 200 && Math.abs(term) > 1e-18 * Math.abs(total); n++) total += term *= 2 * x * x / (2 * n + 1);
    return 2 / SQRT_PI * gaussian(x) * total;
  };
  const scaledFraction = x => {  // of exp(x * x) * erfc(x): A&S 7.1.14, from its end
    let below = 0;
    for (let n = 120; n > 0; n--) below = n / 2 / (x + below);
    return 1 / SQRT_PI / (x + below);
  };
  const erfcFraction = x => gaussian(x) * scaledFraction(x);
  const erfc = x => x !== x ? x : x > 27 ? 0 : x < -27 ? 2 : x > 2 ? erfcFraction(x) : 1 - erf(x);
  const erf = x => x !== x || x === 0 ? x : Math.abs(x) > 2 ? Math.sign(x) * (1 - erfc(Math.abs(x))) : erfSeries(x);
  const normal_pdf = x => gaussian(x * Math.SQRT1_2) / Math.sqrt(2 * Math.PI);
  const normal_cdf = x => erfc(-x * Math.SQRT1_2) / 2;
  const erfcx = x => x > 2 ? scaledFraction(x) : Math.exp(x * x) * erfc(x);
  const inverse_mills = x => x > -1 || x !== x ? normal_pdf(x) / normal_cdf(x) : Math.sqrt(2 / Math.PI) / erfcx(-x * Math.SQRT1_2);
  const mills_gap = x => {  // A&S 26.2.14
    if (x > -2 || x !== x) return x + inverse_mills(x);
    let below = 0;
    for (let k = 100; k > 1; k--) below = k / (below - x);
    return 1 / (below - x);
  };
  const log_normal_cdf = x => x > 0 ? Math.log1p(-normal_cdf(-x)) : x > -1 || x !== x ? Math.log(normal_cdf(x)) :
    Math.log(erfcx(-x * Math.SQRT1_2) / 2) - x * x / 2;
  const ERFINV = [1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06, -3.5233877e-06,
    3.43273939e-07, 2.81022636e-08];
  const erfinv = x => {
    const a = Math.abs(x), c = 1 - a;
    if (!(a < 1)) return a === 1 ? x * Infinity : NaN;
    const w = -Math.log(c * (1 + a));
    let y = w < 5 ? a * horner(ERFINV, w - 2.5) : Math.sqrt(-Math.log(c * SQRT_PI * Math.sqrt(-Math.log(c))));
    for (const _ of range(2)) {  // Halley's steps
      const step = SQRT_PI / 2 * (a < 0.5 ? erf(y) - a : c - erfc(y)) * Math.exp(y * y);
      y -= step / (1 + y * step);
    }
    return x < 0 ? -y : y;
  };
  const gelu = x => x === -Infinity ? -0 : x * normal_cdf(x);

  const factorial = n => range(n).reduce((product, k) => product * (k + 1), 1);
  const gammaOverPower = (m, x) => {
    const half = Math.floor(m / 2);
    return Math.pow(x, -half) * factorial(m - 1) * Math.pow(x, half - m);
  };
  const hurwitz = (n, x) => {
    const terms = x < Infinity ? Math.max(0, Math.ceil(10 + 2 * n - x)) : 0, y = x + terms;
    let series = 0, factor = 1;
    BERNOULLI.forEach((b, j) => {
      factor *= (n + 2 * j) / y * ((n + 2 * j + 1) / y) / ((2 * j + 1) * (2 * j + 2));
      series += b * factor;
    });
    let total = gammaOverPower(n, y) * (1 + (n / (2 * y) + series));
    for (const k of range(terms).reverse()) total += gammaOverPower(n + 1, x + k);
    return total;
  };
  const DIGAMMA = [0, ...BERNOULLI.map((b, j) => b / (2 * j + 2))], ROOT = 1.4616321449683622, REST = 9.549995429965697e-17;
  const digamma = x => {
    if (x >= 10) return Math.log(x) - 0.5 / x - horner(DIGAMMA, 1 / x / x);
    const d = x - ROOT - REST, z = x + 10, w = ROOT + 10, u = 1 / (z * z), v = 1 / (w * w);
    let value = 0, slope = 0;
    for (const c of [...DIGAMMA].reverse()) {
      slope = slope * u + value;
      value = value * v + c;
    }
    let total = d * (z + w) * u * v * slope + d / (2 * z * w) + Math.log1p(d / w);
    for (const n of range(10).reverse()) total += d / (ROOT + n) / (x + n);
    return total;
  };
  const polygamma = (n, x) => {
    if (!(n >= 0 && n <= 170 && Number.isInteger(n)) || x === -Infinity || x !== x) return NaN;
    if (x > 0) return n === 0 ? digamma(x) : n % 2 ? hurwitz(n, x) : -hurwitz(n, x);
    let f = x % 1;  // from -0.5 to 0.5, exact
    if (f < -0.5 || f === -0.5 && Math.trunc(x) % 2) f += 1;
    if (f === 0 && n % 2 === 0) return x ? NaN : Object.is(x, -0) ? Infinity : -Infinity;
    if (n === 0) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * f);
    const parity = n % 2 ? 1 : -1, others = hurwitz(n, 1 + f) + parity * (hurwitz(n, 1 - f) - hurwitz(n, 1 - x));
    return parity * (gammaOverPower(n + 1, f) + others);
  };
  const LGAMMA_AT_2 = [0.42278433509846713, ...range(25).map(k => (-1) ** k * hurwitz(k + 1, 2) / factorial(k + 2))];
  const lgamma = x => {
    if (x !== x) return x;
    if (Math.abs(x) === Infinity) return Infinity;
    if (x >= 10) return (x - 0.5) * (Math.log(x) - 1) - 0.5 + 0.9189385332046727 + 1 / x * horner(STIRLING, 1 / x / x);
    if (x <= -10) return Number.isInteger(x) ? Infinity : Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x % 2)) * x)) - lgamma(-x);
    const nearest = Math.round(x), z = x - nearest;
    const above = range(nearest - 2).reduce((product, k) => product * (x - k - 1), 1);
    const below = range(2 - nearest).reduce((product, k) => product * (x + k), 1);
    return below === 0 ? Infinity : z * horner(LGAMMA_AT_2, z) + Math.log(above) - Math.log(Math.abs(below));
  };
  const STIRLING = BERNOULLI.map((b, j) => b / ((2 * j + 1) * (2 * j + 2)));  // A&S 6.1.41

  const gamma = x => {
    if (x === 0) return 1 / x;
    if (x < 0 && Math.floor(x) === x) return NaN;
    return (x > 0 || Math.floor(x) % 2 === 0 ? 1 : -1) * Math.exp(lgamma(x));
  };

  const sinc_derivative = (n, x) => {
    if (!(n >= 0 && n <= 100 && Number.isInteger(n)) || x !== x) return NaN;
    if (Math.abs(x) === Infinity) return 0;
    const y = Math.PI * x;
    if (Math.abs(y) <= n + 1) {
      let m = n % 2, power = m ? y : 1, total = 0;
      for (; m < 200; power *= y * y / ((m + 1) * (m + 2)), m += 2) {
        const k = (n + m) / 2;
        total += (k % 2 ? -1 : 1) * power / (2 * k + 1);
      }
      return Math.PI ** n * total;
    }
    const nearest = x - Math.round(x), sign = (x - nearest) % 2 ? -1 : 1;
    const sine = sign * Math.sin(Math.PI * nearest), cosine = sign * Math.sin(Math.PI * (0.5 - Math.abs(nearest)));
    let value = sine / y;
    for (let k = 1; k <= n; k++) value = ([sine, cosine, -sine, -cosine][k % 4] - k * value) / y;
    return Math.PI ** n * value;
  };
  const sinc = x => sinc_derivative(0, x);

  const largest = xs => xs.reduce((a, b) => a >= b || a !== a ? a : b);
  const logsumexp = (...xs) => {
    const top = largest(xs), at = xs.indexOf(top);
    if (!Number.isFinite(top)) return top;
    return top + Math.log1p(xs.reduce((total, x, i) => i === at ? total : total + Math.exp(x - top), 0));
  };
  const softmax_share = (...xs) => {
    const top = largest(xs);
    if (!Number.isFinite(top)) {
      if (top !== top || top < 0 || xs.filter(x => x === top).length > 1) return NaN;
      return xs[0] === top ? 1 : 0;
    }
    const weights = xs.map(x => Math.exp(x - top));
    return weights[0] / weights.reduce((a, b) => a + b);
  };
  const log_softmax_share = (...xs) => {
    const top = largest(xs), at = xs.indexOf(top);
    if (softmax_share(...xs) !== softmax_share(...xs)) return NaN;
    if (!Number.isFinite(top)) return at === 0 ? 0 : -Infinity;
    return (at === 0 ? 0 : xs[0] - top) - Math.log1p(xs.reduce((total, x, i) => i === at ? total : total + Math.exp(x - top), 0));
  };
  const round = (x, digits) => {  // Python's: exact, ties to the even digit
    if (digits !== digits) return NaN;
    if (digits === -Infinity) return 0 * x;
    digits = Math.trunc(digits);
    if (!Number.isFinite(x) || x === 0 || digits > 330) return x;
    if (digits < -310) return 0 * x;
    if (digits > 0) {
      if (Math.abs(x) >= 2 ** 52) return x;
      const shown = x.toFixed(Math.min(100, digits + 60)), last = shown.indexOf(".") + digits;
      const tie = /^50*$/.test(shown.slice(last + 1)) && "02468.".includes(shown[last]);  // toFixed takes the one away from zero
      return Number(tie ? shown.slice(0, last + 1) : x.toFixed(Math.min(100, digits)));
    }
    const unit = 10 ** -digits, rest = x % unit, whole = x - rest, far = Math.abs(rest) - unit / 2;
    const up = far > 0 || far === 0 && whole / unit % 2 !== 0;
    const found = up ? whole + Math.sign(x) * unit : whole;
    return found === 0 ? 0 * x : found;
  };
  return { gaussian, normal_pdf, normal_cdf, log_normal_cdf, inverse_mills, mills_gap, erf, erfc, erfinv, gamma, lgamma, polygamma,
    sinc, sinc_derivative, gelu, logaddexp: logsumexp, logsumexp, softmax_share, log_softmax_share, round };
})();
