//! The currencies that the ledger takes.

use crate::problem::Problem;

/// Codes of ISO 4217 that are accepted, with their decimals (the standard's minor unit).
/// Currencies with three decimals would not fit the column and are absent.
const CURRENCIES: &[(&str, u32)] = &[
    ("AUD", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("ILS", 2),
    ("INR", 2),
    ("JPY", 0),
    ("KRW", 0),
    ("MXN", 2),
    ("MYR", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("PHP", 2),
    ("PLN", 2),
    ("RON", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TRY", 2),
    ("TWD", 2),
    ("USD", 2),
    ("ZAR", 2),
];

/// The code and its decimals.
///
/// # Errors
/// A 422 that lists the accepted codes.
pub(crate) fn known(code: &str) -> Result<(&'static str, u32), Problem> {
    CURRENCIES
        .iter()
        .copied()
        .find(|(known, _)| *known == code)
        .ok_or_else(|| {
            let known: Vec<_> = CURRENCIES.iter().map(|(code, _)| *code).collect();
            let code: String = code.chars().take(20).collect();
            Problem::unprocessable(
                "currency_unknown",
                format!(
                    "currency {code:?} is not accepted; use one of {}",
                    known.join(", ")
                ),
            )
        })
}
