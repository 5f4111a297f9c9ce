//! The Rust driver: `bench_rust insert HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...`
//!
//! Rows are made before the clock starts as far as they can be; each is a prepared statement executed
//! on its own, WINDOW of them at a time. It talks to the harness as every peer does: bench/README.md.
use futures::stream::{self, StreamExt, TryStreamExt};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::metadata::ColumnType;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::serialize::SerializationError;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::Consistency;
use scylla::value::CqlTimestamp;
use std::error::Error;
use std::io::{stdin, stdout, Write};

const POOL: usize = 64;

enum Column {
    Int,
    Bigint,
    Double,
    Timestamp,
    Text(Vec<String>),
    Vector(Vec<Vec<f32>>),
}

enum Value<'a> {
    Int(i32),
    Bigint(i64),
    Double(f64),
    Timestamp(CqlTimestamp),
    Text(&'a str),
    Vector(&'a [f32]),
}

impl SerializeValue for Value<'_> {
    fn serialize<'b>(
        &self,
        typ: &ColumnType,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        match self {
            Value::Int(v) => v.serialize(typ, writer),
            Value::Bigint(v) => v.serialize(typ, writer),
            Value::Double(v) => v.serialize(typ, writer),
            Value::Timestamp(v) => v.serialize(typ, writer),
            Value::Text(v) => v.serialize(typ, writer),
            Value::Vector(v) => v.serialize(typ, writer),
        }
    }
}

impl Column {
    fn new(cql_type: &str) -> Result<Column, Box<dyn Error>> {
        Ok(match cql_type {
            "int" => Column::Int,
            "bigint" => Column::Bigint,
            "double" => Column::Double,
            "timestamp" => Column::Timestamp,
            "text" => Column::Text((0..POOL).map(|i| format!("{i:032}")).collect()),
            other => {
                let dimension = other
                    .strip_prefix("vector<float, ")
                    .and_then(|rest| rest.strip_suffix('>'))
                    .ok_or_else(|| format!("unknown type {other}"))?
                    .parse()?;
                let vector = |i| (0..dimension).map(move |k| ((i * 31 + k * 7) % 1000) as f32 / 1000.0);
                Column::Vector((0..POOL).map(|i| vector(i).collect()).collect())
            }
        })
    }

    fn value(&self, i: usize) -> Value<'_> {
        match self {
            Column::Int => Value::Int(i as i32),
            Column::Bigint => Value::Bigint(i as i64),
            Column::Double => Value::Double(i as f64),
            Column::Timestamp => Value::Timestamp(CqlTimestamp(1_704_067_200_000 + i as i64)),
            Column::Text(pool) => Value::Text(&pool[i % POOL]),
            Column::Vector(pool) => Value::Vector(&pool[i % POOL]),
        }
    }
}

fn meet(word: &str) -> Result<(), Box<dyn Error>> {
    println!("{word}");
    stdout().flush()?;
    match stdin().read_line(&mut String::new())? {
        0 => Err("the harness is gone".into()),
        _ => Ok(()),
    }
}

async fn insert(
    session: &Session,
    statement: &PreparedStatement,
    columns: &[Column],
    rows: usize,
    window: usize,
) -> Result<(), Box<dyn Error>> {
    let row = |i| columns.iter().map(|c| c.value(i)).collect::<Vec<_>>();
    stream::iter(0..rows)
        .map(|i| session.execute_unpaged(statement, row(i)))
        .buffer_unordered(window)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.len() < 7 || args[0] != "insert" {
        return Err("usage: bench_rust insert HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...".into());
    }
    let (rows, window) = (args[4].parse()?, args[5].parse()?);
    let pairs: Vec<_> = args[6..].iter().filter_map(|c| c.split_once(':')).collect();
    let names: Vec<_> = pairs.iter().map(|p| p.0).collect();
    let columns = pairs.iter().map(|p| Column::new(p.1)).collect::<Result<Vec<_>, _>>()?;
    meet("idle")?;

    let profile = ExecutionProfile::builder().consistency(Consistency::LocalQuorum).build();
    let session = SessionBuilder::new()
        .known_node(format!("{}:{}", args[1], args[2]))
        .default_execution_profile_handle(profile.into_handle())
        .build()
        .await?;
    let text = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        args[3],
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut statement = session.prepare(text).await?;
    statement.set_is_idempotent(true);
    insert(&session, &statement, &columns, 1, 1).await?;
    meet("ready")?;
    insert(&session, &statement, &columns, rows, window).await?;
    meet("done")
}
