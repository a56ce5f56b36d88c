//! What a transaction is, and which requests may become one.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::FromRow;
use time::OffsetDateTime;

use crate::currency;
use crate::problem::Problem;

/// Longest description, in characters.
const DESCRIPTION_LIMIT: usize = 500;

/// Largest amount that `numeric(12,2)` holds: 9,999,999,999.99.
const LARGEST_AMOUNT: Decimal = Decimal::from_parts(3_567_587_327, 232, 0, false, 2);

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Status {
    /// Recorded, not charged.
    Pending,
    /// Charged.
    Completed,
    /// Declined by the payment gateway.
    Failed,
}

impl Status {
    /// Every status, so that each has its metric series from the start.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Completed, Self::Failed];

    /// The word in JSON, in the table, in metrics and in logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// A row of the ledger. The amount is a JSON string, so that no reader's floating point
/// changes it.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct Transaction {
    /// Rises with time; the cursor of the list.
    pub id: i64,
    /// Exact, with two decimals.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: String,
    /// Free text of the client.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// RFC 3339, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The body of `POST /transactions`, before its values are checked. The amount stays the text
/// that the client sent: a JSON number would pass through a float.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    amount: Box<RawValue>,
    currency: String,
    #[serde(default)]
    description: String,
}

/// A request whose values can be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// More than zero, no more decimals than the currency has.
    pub amount: Decimal,
    /// One of the accepted codes.
    pub currency: &'static str,
    /// At most 500 characters.
    pub description: String,
}

impl Draft {
    /// Checks a request's values.
    ///
    /// # Errors
    /// A 422 that names the value and the rule it breaks.
    pub fn check(request: Request) -> Result<Self, Problem> {
        let (currency, decimals) = currency::known(&request.currency)?;
        let amount = exact_amount(request.amount.get(), currency, decimals)?;
        let length = request.description.chars().count();
        if length > DESCRIPTION_LIMIT {
            return Err(Problem::unprocessable(
                "description_too_long",
                format!("description has {length} characters; {DESCRIPTION_LIMIT} is the limit"),
            ));
        }
        // PostgreSQL's text cannot hold it.
        if request.description.contains('\0') {
            return Err(Problem::unprocessable(
                "description_not_text",
                "description holds a NUL character; remove it",
            ));
        }
        Ok(Self {
            amount,
            currency,
            description: request.description,
        })
    }

    /// Whether a stored row came from this very request.
    pub fn matches(&self, row: &Transaction) -> bool {
        self.amount == row.amount
            && self.currency == row.currency
            && self.description == row.description
    }
}

/// Reads `12.30`, `"12.30"` or `1.23e1` without a float in between.
fn exact_amount(json: &str, currency: &str, decimals: u32) -> Result<Decimal, Problem> {
    let text = json.trim_matches('"');
    let seen: String = json.chars().take(40).collect();
    let refuse = |code, rule: String| {
        let detail = format!("amount {seen} {rule}");
        Err(Problem::unprocessable(code, detail))
    };
    let parsed = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        Decimal::from_str_exact(text)
    };
    let Ok(amount) = parsed.map(|amount| amount.normalize()) else {
        return refuse(
            "amount_not_a_number",
            "is not a decimal number; write \"12.30\" or 12.30".to_owned(),
        );
    };
    if amount <= Decimal::ZERO {
        return refuse("amount_not_positive", "is not more than zero".to_owned());
    }
    if amount.scale() > decimals {
        return refuse(
            "amount_too_precise",
            format!("has more decimals than the {decimals} of {currency}"),
        );
    }
    if amount > LARGEST_AMOUNT {
        return refuse("amount_too_large", format!("is more than {LARGEST_AMOUNT}"));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn draft(json: &str) -> Result<Draft, String> {
        let request = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Draft::check(request).map_err(|problem| {
            let debug = format!("{problem:?}");
            assert_eq!(problem.into_response().status(), 422);
            debug
        })
    }

    fn with_amount(amount: &str) -> Result<Draft, String> {
        draft(&format!(r#"{{"amount": {amount}, "currency": "EUR"}}"#))
    }

    #[test]
    fn amounts_stay_exact() {
        for (sent, stored) in [
            ("12.30", "12.3"),
            ("\"12.30\"", "12.3"),
            ("0.01", "0.01"),
            // The nearest float is 9999999999.9899997711...
            ("9999999999.99", "9999999999.99"),
            ("1.23e1", "12.3"),
            ("10.500", "10.5"),
        ] {
            assert_eq!(with_amount(sent).unwrap().amount.to_string(), stored);
        }
    }

    #[test]
    fn amounts_that_cannot_be_stored_are_named() {
        for (sent, code) in [
            ("-1", "amount_not_positive"),
            ("0", "amount_not_positive"),
            ("10.005", "amount_too_precise"),
            ("\"10.005\"", "amount_too_precise"),
            (
                "0.00000000000000000000000000000000001",
                "amount_not_a_number",
            ),
            ("10000000000", "amount_too_large"),
            ("1e400", "amount_not_a_number"),
            ("\"twelve\"", "amount_not_a_number"),
            ("\"\"", "amount_not_a_number"),
            ("null", "amount_not_a_number"),
            ("[1]", "amount_not_a_number"),
            ("true", "amount_not_a_number"),
        ] {
            let problem = with_amount(sent).unwrap_err();
            assert!(problem.contains(code), "{sent}: {problem}");
        }
    }

    #[test]
    fn a_currency_brings_its_own_decimals() {
        let yen = |amount| draft(&format!(r#"{{"amount": "{amount}", "currency": "JPY"}}"#));
        assert!(yen("500").is_ok());
        assert!(yen("500.5").unwrap_err().contains("0 of JPY"));
        let unknown = draft(r#"{"amount": 1, "currency": "eur"}"#).unwrap_err();
        assert!(unknown.contains("use one of"), "{unknown}");
    }

    #[test]
    fn descriptions_are_bounded() {
        let long = |length| {
            let text = "ä".repeat(length);
            draft(&format!(
                r#"{{"amount": 1, "currency": "EUR", "description": "{text}"}}"#
            ))
        };
        assert!(long(500).is_ok());
        assert!(long(501).unwrap_err().contains("description_too_long"));
        let nul = draft(r#"{"amount": 1, "currency": "EUR", "description": "a\u0000"}"#);
        assert!(nul.unwrap_err().contains("description_not_text"));
    }

    #[test]
    fn unknown_keys_are_named() {
        let error = draft(r#"{"ammount": 1, "currency": "EUR"}"#).unwrap_err();
        assert!(error.contains("ammount"), "{error}");
    }

    #[test]
    fn largest_amount_is_what_the_column_holds() {
        assert_eq!(LARGEST_AMOUNT.to_string(), "9999999999.99");
    }
}
