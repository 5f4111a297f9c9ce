//! The Rust driver: `bench_rust insert|scan|lookup|join HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...`
//!
//! Rows are made before the clock starts as far as they can be; each is a prepared statement executed
//! on its own, WINDOW of them at a time. A scan reads WINDOW ranges of tokens side by side, page after
//! page; rows are those of workload `scan`, and the metadata that came with the prepared statement is
//! used, which is cheaper. It talks to the harness as every peer does: bench/README.md.
use futures::stream::{self, StreamExt, TryStreamExt};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslVerifyMode};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::metadata::ColumnType;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::serialize::SerializationError;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::Consistency;
use scylla::value::CqlTimestamp;
use std::error::Error;
use std::io::{stdin, stdout, Write};
use std::ops::ControlFlow;

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

/// Values that outlive their page, as those of a row of PostgreSQL do.
type Row = (i64, String, i32, f64, CqlTimestamp);

/// Rows that were read, the sums of their keys and of the lengths of their texts: tells whether each was read once.
#[derive(Clone, Copy, Default, PartialEq)]
struct Seen {
    rows: i64,
    sum: i64,
    bytes: i64,
}

impl Seen {
    fn all(rows: usize) -> Seen {
        let rows = rows as i64;
        Seen {
            rows,
            sum: rows * (rows - 1) / 2,
            bytes: 32 * rows,
        }
    }

    fn take(&mut self, result: QueryResult) -> Result<(), Box<dyn Error>> {
        for row in result.into_rows_result()?.rows::<Row>()? {
            let row = row?;
            self.rows += 1;
            self.sum += row.0;
            self.bytes += row.1.len() as i64;
        }
        Ok(())
    }

    fn plus(self, other: Seen) -> Seen {
        Seen {
            rows: self.rows + other.rows,
            sum: self.sum + other.sum,
            bytes: self.bytes + other.bytes,
        }
    }
}

async fn scan_range(
    session: &Session,
    statement: &PreparedStatement,
    bounds: (i64, i64),
) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    let mut state = PagingState::start();
    loop {
        let (page, next): (_, PagingStateResponse) = session.execute_single_page(statement, bounds, state).await?;
        seen.take(page)?;
        match next.into_paging_control_flow() {
            ControlFlow::Break(()) => return Ok(seen),
            ControlFlow::Continue(at) => state = at,
        }
    }
}

async fn scan(session: &Session, statement: &PreparedStatement, window: usize) -> Result<Seen, Box<dyn Error>> {
    let bound = |i: usize| (i64::MIN as i128 + (u64::MAX as i128) * i as i128 / window as i128) as i64;
    stream::iter(0..window)
        .map(|i| scan_range(session, statement, (bound(i), bound(i + 1))))
        .buffer_unordered(window)
        .try_fold(Seen::default(), |a, b| async move { Ok(a.plus(b)) })
        .await
}

async fn look_up(session: &Session, statement: &PreparedStatement, key: usize) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    seen.take(session.execute_unpaged(statement, (key as i64,)).await?)?;
    Ok(seen)
}

/// The keys are as in harness/workload.py; one by one with a window of 1.
async fn join(
    session: &Session,
    statement: &PreparedStatement,
    rows: usize,
    window: usize,
) -> Result<Seen, Box<dyn Error>> {
    stream::iter(0..rows)
        .map(|i| look_up(session, statement, i * 7919 % rows))
        .buffer_unordered(window)
        .try_fold(Seen::default(), |a, b| async move { Ok(a.plus(b)) })
        .await
}

async fn read(
    session: &Session,
    op: &str,
    table: &str,
    names: &[&str],
    rows: usize,
    window: usize,
) -> Result<(), Box<dyn Error>> {
    let key = names[0];
    let condition = match op {
        "scan" => format!("token({key}) > ? AND token({key}) <= ?"),
        _ => format!("{key} = ?"),
    };
    let text = format!("SELECT {} FROM {table} WHERE {condition}", names.join(", "));
    let mut statement = session.prepare(text).await?;
    statement.set_is_idempotent(true);
    statement.set_page_size(5000);
    statement.set_use_cached_result_metadata(true);
    if op != "scan" {
        join(session, &statement, 1, 1).await?;
    }
    meet("ready")?;
    let seen = match op {
        "scan" => scan(session, &statement, window).await?,
        _ => join(session, &statement, rows, window).await?,
    };
    if seen == Seen::all(rows) {
        Ok(())
    } else {
        Err("not every row was read once".into())
    }
}

async fn write(
    session: &Session,
    table: &str,
    names: &[&str],
    columns: &[Column],
    rows: usize,
    window: usize,
) -> Result<(), Box<dyn Error>> {
    let text = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    );
    let mut statement = session.prepare(text).await?;
    statement.set_is_idempotent(true);
    insert(session, &statement, columns, 1, 1).await?;
    meet("ready")?;
    insert(session, &statement, columns, rows, window).await
}

/// Where SSLROOTCERT names a file: encrypted, and the node's certificate is verified, its address too.
fn tls() -> Result<Option<SslContext>, Box<dyn Error>> {
    let Ok(authority) = std::env::var("SSLROOTCERT") else {
        return Ok(None);
    };
    let mut builder = SslContextBuilder::new(SslMethod::tls())?;
    builder.set_ca_file(authority)?;
    builder.set_verify(SslVerifyMode::PEER);
    Ok(Some(builder.build()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.len() < 7 {
        return Err("usage: bench_rust OP HOST PORT TABLE ROWS WINDOW COLUMN:TYPE...".into());
    }
    let (rows, window) = (args[4].parse()?, args[5].parse()?);
    let pairs: Vec<_> = args[6..].iter().filter_map(|c| c.split_once(':')).collect();
    let names: Vec<_> = pairs.iter().map(|p| p.0).collect();
    let columns = pairs.iter().map(|p| Column::new(p.1)).collect::<Result<Vec<_>, _>>()?;
    meet("idle")?;

    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .build();
    let session = SessionBuilder::new()
        .known_node(format!("{}:{}", args[1], args[2]))
        .default_execution_profile_handle(profile.into_handle())
        .tls_context(tls()?)
        .build()
        .await?;
    match args[0].as_str() {
        "insert" => write(&session, &args[3], &names, &columns, rows, window).await?,
        op => read(&session, op, &args[3], &names, rows, window).await?,
    }
    meet("done")
}
