{#- What DuckDB and Spark say differently, one macro a difference, each named for what it does. The two ways of
    saying it stand in duckdb.sql and spark.sql; how a table is put in place on Spark in spark_tables.sql.
    Everything else in this project is one text for both engines, and `make lint` refuses what is not (benchmarks
    aside). -#}

{#- The whole text has the form of the pattern. -#}
{%- macro matches(text, pattern) -%}
    {{- adapter.dispatch('matches', 'dabing')(text, pattern) -}}
{%- endmacro -%}

{#- A cast that gives NULL where it cannot be done; both engines have it, dbt's own safe_cast does not use it. -#}
{%- macro try_cast(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro -%}

{#- A value as text, the same text on both engines. `type` is the name that raw_parts gives it. -#}
{%- macro as_text(expression, type='VARCHAR') -%}
    {{- adapter.dispatch('as_text', 'dabing')(expression, type) -}}
{%- endmacro -%}

{#- Text without the blanks around it: spaces, tabs, line ends, and the fixed and full-width spaces of spreadsheets.
    A key that keeps one would make two persons of one. -#}
{%- macro trimmed(text) -%}
    {{- adapter.dispatch('trimmed', 'dabing')(text) -}}
{%- endmacro -%}

{#- Some columns as a JSON object of texts, in their order; a blank is null. `columns`: [{'name', 'sql', 'type'},
    ...]. -#}
{%- macro columns_as_json(columns) -%}
    {{- adapter.dispatch('columns_as_json', 'dabing')(columns) -}}
{%- endmacro -%}

{#- A 64-bit hash of some columns of a row: equal rows have equal hashes, and the engines differ in which. -#}
{%- macro row_hash(row, columns) -%}
    {{- adapter.dispatch('row_hash', 'dabing')(row, columns) -}}
{%- endmacro -%}

{#- The same of all columns of a row but one, `row` being the name that its relation has in the query. -#}
{%- macro whole_row_hash(row, but) -%}
    {{- adapter.dispatch('whole_row_hash', 'dabing')(row, but) -}}
{%- endmacro -%}

{#- True of one row in `count`: which, the hash of some of its columns says, so that rows that are equal in them go together. -#}
{%- macro is_one_in(count, row, columns) -%}
    {{- adapter.dispatch('is_one_in', 'dabing')(count, row, columns) -}}
{%- endmacro -%}

{#- Keyed hash of a person number (rule J3): 128 bits in hexadecimal, NULL of NULL. The key stands in no SQL, no log
    and no catalog: DuckDB has it as a variable of the connection, Spark reads it from a file that only the build
    may read. -#}
{%- macro person_key(person_number) -%}
    {{- adapter.dispatch('person_key', 'dabing')(person_number) -}}
{%- endmacro -%}

{#- A key of 32 hexadecimal digits in the smallest form that stands for it and no other, to group millions of rows by. -#}
{%- macro packed_key(key) -%}
    {{- adapter.dispatch('packed_key', 'dabing')(key) -}}
{%- endmacro -%}

{%- macro add_days(date, days) -%}
    {{- adapter.dispatch('add_days', 'dabing')(date, days) -}}
{%- endmacro -%}

{#- The day that is so many months later: the same day of the month, or the last one where that month is shorter
    (31 August and six months is 28 February, in a leap year the 29th). -#}
{%- macro add_months(date, months) -%}
    {{- adapter.dispatch('add_months', 'dabing')(date, months) -}}
{%- endmacro -%}

{#- Whole days from one day to another, below zero where the second comes first. -#}
{%- macro days_between(first, last) -%}
    {{- adapter.dispatch('days_between', 'dabing')(first, last) -}}
{%- endmacro -%}

{#- How many times a whole number goes into another, the rest left out; both 0 or more. Exact up to 38 digits. -#}
{%- macro whole_quotient(dividend, divisor) -%}
    {{- adapter.dispatch('whole_quotient', 'dabing')(dividend, divisor) -}}
{%- endmacro -%}

{#- A running total in which each step depends on the total so far, which a window cannot say: `step` is what a row
    adds, over `so_far.total` and over `this_step.<name>` for each of `values` ({name: [expression, type]}). Amounts
    are in yuan with two places. Only for groups of a few hundred rows: every row looks at all before it. -#}
{%- macro running_total(values, step, partition_by, order_by) -%}
    {{- adapter.dispatch('running_total', 'dabing')(values, step, partition_by, order_by) -}}
{%- endmacro -%}

{#- A name of a column as it is delivered, whatever characters it has. -#}
{%- macro quoted_name(name) -%}
    {{- adapter.dispatch('quoted_name', 'dabing')(name) -}}
{%- endmacro -%}

{%- macro sql_text(value) -%}
    {{- adapter.dispatch('sql_text', 'dabing')(value) -}}
{%- endmacro -%}

{#- How a table is made whose rows are added by something else later and must outlive a build. -#}
{%- macro kept_table() -%}
    {{- return(adapter.dispatch('kept_table', 'dabing')()) -}}
{%- endmacro -%}

{#- How a table is made that a run with new files only adds to, where it may (macros/raw/new_files.sql). -#}
{%- macro grown_table() -%}
    {{- return(kept_table() if can_keep_years() else 'table') -}}
{%- endmacro -%}

{#- Whether a run may build some benefit years only and keep the others as they are served. -#}
{%- macro can_keep_years() -%}
    {{- return(adapter.dispatch('can_keep_years', 'dabing')()) -}}
{%- endmacro -%}

{#- The paths of all files below a folder, in order. -#}
{%- macro files_below(folder) -%}
    {{- return(adapter.dispatch('files_below', 'dabing')(folder)) -}}
{%- endmacro -%}

{#- The files of a raw table, those of one form together: [{'kind', 'paths', 'types': {column: type}, 'names':
    {path: [column, ...]}}, ...]. Column names are in lower case, types are DuckDB's. Typed files are then read as
    they are, and only the others through text. -#}
{%- macro raw_parts(table_name, files) -%}
    {{- return(adapter.dispatch('raw_parts', 'dabing')(table_name, files)) -}}
{%- endmacro -%}

{#- The rows of one part, with the file of each row as dabing_path, a path inside the raw folder, and its place in the
    part as dabing_row. -#}
{%- macro read_part(table_name, part) -%}
    {{- adapter.dispatch('read_part', 'dabing')(table_name, part) -}}
{%- endmacro -%}

{#- One number for a row among all rows of its raw table, from the number of its part and dabing_row. -#}
{%- macro row_number_of(part_no, kind) -%}
    {{- adapter.dispatch('row_number_of', 'dabing')(part_no, kind) -}}
{%- endmacro -%}

{#- How a base model stands: its rows are read again by each reader, or typed once. -#}
{%- macro typed_once() -%}
    {{- return(adapter.dispatch('typed_once', 'dabing')()) -}}
{%- endmacro -%}

{#- Every day from the first to the last, both included, as date_day. -#}
{%- macro each_day(first, last) -%}
    {{- adapter.dispatch('each_day', 'dabing')(first, last) -}}
{%- endmacro -%}

{#- Where the rows of CSV files are held: Parquet is read where it lies, CSV is parsed once. -#}
{%- macro csv_rows(table_name) -%}
    {{- return(table_named('staging', 'csv_' ~ table_name)) -}}
{%- endmacro -%}

{#- Run before a base model: parses the table's CSV files, if there are any, into csv_rows. -#}
{%- macro hold_csv_rows(table_name) -%}
    {%- if execute -%}
        {{- adapter.dispatch('hold_csv_rows', 'dabing')(table_name) -}}
    {%- endif -%}
{%- endmacro -%}

{#- Run once before anything is built: the settings without which amounts could be wrong in silence. -#}
{%- macro assert_engine() -%}
    {%- if execute and is_building() -%}
        {{- adapter.dispatch('assert_engine', 'dabing')() -}}
    {%- endif -%}
{%- endmacro -%}

{#- Run once after everything is built: takes away what the tables of this run no longer need. -#}
{%- macro drop_old_versions(results) -%}
    {{- adapter.dispatch('drop_old_versions', 'dabing')(results) -}}
{%- endmacro -%}

{%- macro is_building() -%}
    {{- return(flags.WHICH in ('build', 'run', 'seed', 'test', 'retry')) -}}
{%- endmacro -%}
