//! The properties of an object of systemd.

use super::ControlError;
use super::link::{Link, read as read_body};
use std::collections::HashMap;
use zbus::{OwnedObjectPath, OwnedVariant};

/// The properties of one interface.
#[derive(Default)]
pub(super) struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    /// One property that was asked for alone.
    pub(super) fn of(name: &str, value: OwnedVariant) -> Self {
        Self(HashMap::from([(name.to_owned(), value)]))
    }

    pub(super) async fn get(
        link: &Link,
        path: &OwnedObjectPath,
        interface: &str,
    ) -> Result<Self, ControlError> {
        let reply = link.properties(path, "GetAll", &interface).await?;
        Ok(Self(read_body("GetAll", &reply)?))
    }

    /// Takes a property that every unit has.
    pub(super) fn take<T>(&mut self, name: &'static str) -> Result<T, ControlError>
    where
        T: TryFrom<OwnedVariant, Error = zbus::Error>,
    {
        let value = self.0.remove(name).ok_or(ControlError::Answer {
            operation: name,
            reason: "the property is missing".to_owned(),
        })?;
        T::try_from(value).map_err(|e| ControlError::Answer {
            operation: name,
            reason: e.to_string(),
        })
    }

    /// A number that not every unit, or not every systemd, has.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        u64::try_from(value)
            .or_else(|_| u32::try_from(value).map(u64::from))
            .ok()
    }

    /// A yes; no where systemd has no such property.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.0
            .get(name)
            .is_some_and(|value| bool::try_from(value).unwrap_or(false))
    }

    /// A text that not every unit, or not every systemd, has.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        <&str>::try_from(self.0.get(name)?).ok()
    }

    /// Names of units; none where systemd has no such property.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let value = self.0.get(name).and_then(|value| value.try_clone().ok());
        value
            .and_then(|value| Vec::<String>::try_from(value).ok())
            .unwrap_or_default()
    }

    pub(super) fn job(&mut self) -> Result<Option<(u32, OwnedObjectPath)>, ControlError> {
        let job = self.take::<(u32, OwnedObjectPath)>("Job")?;
        Ok(Some(job).filter(|(id, _)| *id != 0))
    }
}
