use std::time::Instant;

use serde_json::{Map, Value, json};

/// What happened, for people as it happens or for programs at the end.
pub struct Timeline {
    started: Instant,
    json: bool,
    steps: Vec<Value>,
    facts: Map<String, Value>,
}

impl Timeline {
    pub fn new(json: bool) -> Self {
        Self { started: Instant::now(), json, steps: Vec::new(), facts: Map::new() }
    }

    /// One step: who, and what.
    pub fn note(&mut self, who: &str, what: impl Into<String>) {
        let (ms, what) = (self.started.elapsed().as_millis(), what.into());
        if self.json {
            self.steps
                .push(json!({"at_ms": u64::try_from(ms).unwrap_or(0), "who": who, "what": what}));
        } else {
            println!("{ms:>6} ms  {who:<10} {what}");
        }
    }

    /// A value that programs want.
    pub fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// Ends the output.
    pub fn finish(self, error: Option<&anyhow::Error>) {
        if self.json {
            let mut object = self.facts;
            object.insert("ok".into(), error.is_none().into());
            object.insert("error".into(), error.map(|e| format!("{e:#}")).into());
            object.insert("steps".into(), self.steps.into());
            println!("{}", Value::Object(object));
        } else if error.is_none() {
            println!("{:>6} ms  done", self.started.elapsed().as_millis());
        }
    }
}
