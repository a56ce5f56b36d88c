use super::{DECODED_BYTES, EVENTS_BYTES, record, resource, string};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};
use prost::Message as _;

fn span() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "GET /x".to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_012_345_678,
        ..Span::default()
    }
}

fn texts(attributes: &[KeyValue]) -> Vec<(&str, &str)> {
    let text = |attribute: &KeyValue| match &attribute.value.as_ref()?.value {
        Some(Value::StringValue(text)) => Some(text.clone().leak() as &str),
        _ => None,
    };
    attributes
        .iter()
        .map(|attribute| (attribute.key.as_str(), text(attribute).unwrap_or("?")))
        .collect()
}

fn entry(span: &Span) -> Option<LogRecord> {
    record(&span.encode_to_vec()).expect("it was encoded")
}

#[test]
fn a_span_is_one_entry_with_all_that_was_said_of_it() {
    let record = entry(&Span {
        attributes: vec![string("http.route", "/x".to_owned())],
        events: vec![Event {
            time_unix_nano: 1_001_500_000,
            name: "retry".to_owned(),
            attributes: vec![string("try", "2".to_owned())],
            ..Event::default()
        }],
        status: Some(Status {
            message: "refused".to_owned(),
            code: StatusCode::Error.into(),
        }),
        ..span()
    })
    .expect("it is valid");
    assert_eq!((record.trace_id, record.span_id), (vec![1; 16], vec![2; 8]));
    assert_eq!(record.time_unix_nano, 1_000_000_000);
    assert_eq!(
        texts(&record.attributes),
        [
            ("entry_kind", "span"),
            ("parent_span_id", "0303030303030303"),
            ("span_name", "GET /x"),
            ("span_kind", "client"),
            ("span_status", "error"),
            ("span_status_message", "refused"),
            ("span_attributes", "http.route=/x"),
            ("span_events", "retry +1.500 ms try=2"),
            ("duration_ms", "12.345678"),
        ]
    );
    let body = record.body.and_then(|body| body.value);
    let expected = "client span GET /x, 12.345 ms, error: refused".to_owned();
    assert_eq!(body, Some(Value::StringValue(expected)));
}

#[test]
fn only_service_and_host_become_streams() {
    let whole = ["host.name", "service.instance.id", "service.name"]
        .map(|name| string(name, name.to_uppercase()));
    for (attributes, expected) in [
        (
            whole.to_vec(),
            vec![("service.name", "SERVICE.NAME"), ("host.name", "HOST.NAME")],
        ),
        (Vec::new(), vec![("service.name", "unknown_service")]),
    ] {
        let group = ResourceSpans {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            ..ResourceSpans::default()
        };
        let resource = resource(&group.encode_to_vec()).expect("it was encoded");
        assert_eq!(texts(&resource.attributes), expected);
    }
}

#[test]
fn an_entry_is_small_whatever_the_span_holds() {
    let long = "x".repeat(10_000);
    let event = Event {
        name: long.clone(),
        ..Event::default()
    };
    let record = entry(&Span {
        name: long.clone(),
        attributes: vec![string(&long, long.clone()); 10],
        events: vec![event; 10],
        status: Some(Status {
            message: long.clone(),
            code: StatusCode::Error.into(),
        }),
        ..span()
    })
    .expect("it is valid");
    assert!(record.encoded_len() < 6 * 1024, "{}", record.encoded_len());
    let events = texts(&record.attributes)
        .into_iter()
        .find(|(key, _)| *key == "span_events");
    let expected = format!("{}…[cut]", "x".repeat(EVENTS_BYTES));
    assert_eq!(events, Some(("span_events", expected.as_str())));
}

#[test]
fn spans_that_cannot_be_found_or_are_too_large_are_no_entries() {
    let without = |trace_id, span_id| Span {
        trace_id,
        span_id,
        ..span()
    };
    for bad in [
        without(vec![0; 16], vec![2; 8]),
        without(vec![1; 15], vec![2; 8]),
        without(vec![1; 16], vec![0; 8]),
        without(vec![1; 16], Vec::new()),
        Span {
            name: "x".repeat(DECODED_BYTES),
            ..span()
        },
    ] {
        assert_eq!(entry(&bad), None);
    }
    assert!(record(b"nonsense").is_err());
}
