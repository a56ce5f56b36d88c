//! Requests to the log store, filled with one entry after the other.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// Entries of one request. They bound what is in memory beside the spans as they came.
pub(super) const ENTRIES: usize = 500;

/// A request that is being filled.
#[derive(Default)]
pub(super) struct Portion {
    groups: Vec<ResourceLogs>,
    count: usize,
}

impl Portion {
    /// Adds an entry. Those of one program are together as long as they come together.
    pub(super) fn push(&mut self, resource: &Resource, record: LogRecord) {
        let last = self.groups.last_mut();
        match last.filter(|group| group.resource.as_ref() == Some(resource)) {
            Some(group) => group.scope_logs[0].log_records.push(record),
            None => self.groups.push(ResourceLogs {
                resource: Some(resource.clone()),
                scope_logs: vec![ScopeLogs {
                    scope: Some(InstrumentationScope {
                        name: "homeostat.spans".to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }),
        }
        self.count += 1;
    }

    /// The request, once it is full.
    pub(super) fn full(&mut self) -> Option<ExportLogsServiceRequest> {
        if self.count < ENTRIES {
            None
        } else {
            self.rest()
        }
    }

    /// The request, if it has any entries. A new one begins.
    pub(super) fn rest(&mut self) -> Option<ExportLogsServiceRequest> {
        let Self { groups, count } = std::mem::take(self);
        (count > 0).then_some(ExportLogsServiceRequest {
            resource_logs: groups,
        })
    }
}
