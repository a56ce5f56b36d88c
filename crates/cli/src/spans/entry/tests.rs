use super::{EVENTS_BYTES, PORTION, is_valid, portions, string};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
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

fn request(resource: Vec<KeyValue>, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: resource,
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
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

fn only_record(span: Span) -> LogRecord {
    let mut portions: Vec<_> = portions(request(Vec::new(), vec![span])).collect();
    assert_eq!(portions.len(), 1);
    portions
        .remove(0)
        .resource_logs
        .remove(0)
        .scope_logs
        .remove(0)
        .log_records
        .remove(0)
}

#[test]
fn a_span_is_one_entry_with_all_that_was_said_of_it() {
    let record = only_record(Span {
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
    });
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
    let resource = ["host.name", "service.instance.id", "service.name"]
        .map(|name| string(name, name.to_uppercase()));
    for (given, expected) in [
        (
            resource.to_vec(),
            vec![("service.name", "SERVICE.NAME"), ("host.name", "HOST.NAME")],
        ),
        (Vec::new(), vec![("service.name", "unknown_service")]),
    ] {
        let found: Vec<_> = portions(request(given, vec![span()])).collect();
        let resource = found[0].resource_logs[0]
            .resource
            .clone()
            .unwrap_or_default();
        assert_eq!(texts(&resource.attributes), expected);
    }
}

#[test]
fn an_entry_is_small_whatever_the_span_holds() {
    let long = "x".repeat(100_000);
    let event = Event {
        name: long.clone(),
        ..Event::default()
    };
    let record = only_record(Span {
        name: long.clone(),
        attributes: vec![string(&long, long.clone()); 10],
        events: vec![event; 10],
        status: Some(Status {
            message: long.clone(),
            code: StatusCode::Error.into(),
        }),
        ..span()
    });
    assert!(record.encoded_len() < 6 * 1024, "{}", record.encoded_len());
    let events = texts(&record.attributes)
        .into_iter()
        .find(|(key, _)| *key == "span_events");
    let expected = format!("{}…[cut]", "x".repeat(EVENTS_BYTES));
    assert_eq!(events, Some(("span_events", expected.as_str())));
}

#[test]
fn many_spans_come_in_portions_and_those_without_identifiers_do_not() {
    let mut spans = vec![span(); 2 * PORTION + 1];
    spans[7].trace_id = vec![0; 16];
    spans[8].span_id = vec![1; 7];
    assert_eq!(spans.iter().filter(|span| !is_valid(span)).count(), 2);
    let mut whole = request(Vec::new(), spans);
    // Many programs in one request do not make many requests.
    whole.resource_spans.extend(vec![
        request(Vec::new(), vec![span()])
            .resource_spans
            .remove(0);
        10
    ]);
    let counts: Vec<usize> = portions(whole)
        .map(|portion| {
            let groups = portion.resource_logs.iter();
            groups
                .map(|group| group.scope_logs[0].log_records.len())
                .sum()
        })
        .collect();
    assert_eq!(counts, [PORTION, PORTION, 9]);
}
