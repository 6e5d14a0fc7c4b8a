# Reads a table of user, item, value and time with polars or DuckDB, and says how long the processor worked for it.
# parse: columns in memory. order: ids as positions, rows in the order of users and items, the latest of repeated pairs; as Lethe holds them.
import json
import os
import sys

peer, work, path, delimiter, threads = sys.argv[1:6]
os.environ['POLARS_MAX_THREADS'] = threads
user, item, value, time = 'user', 'item', 'value', 'time'


def with_polars():
    import polars as pl

    names = {'new_columns': [user, item, value, time], 'separator': delimiter, 'has_header': True}
    table = pl.read_csv(path, **names)
    if work == 'parse':
        return table.height
    table = table.with_columns(pl.col(user).rank('dense'), pl.col(item).rank('dense'))
    return table.sort([user, item, time]).unique([user, item], keep='last', maintain_order=True).height


def with_duckdb():
    import duckdb

    db = duckdb.connect()
    db.execute(f'SET threads = {int(threads)}')
    source = f"read_csv('{path}', header = true, delim = '{delimiter}', names = ['{user}', '{item}', '{value}', '{time}'])"
    if work == 'parse':
        db.execute(f'CREATE TABLE t AS SELECT * FROM {source}')
    else:
        db.execute(
            'CREATE TABLE t AS SELECT dense_rank() OVER (ORDER BY "user") u, dense_rank() OVER (ORDER BY item) i, value, time FROM '
            f'(SELECT "user", item, arg_max(value, time) AS value, max(time) AS time FROM {source} GROUP BY ALL) ORDER BY u, i'
        )
    return db.execute('SELECT count(*) FROM t').fetchone()[0]


module = __import__(peer)
before = os.times()
rows = with_polars() if peer == 'polars' else with_duckdb()
after = os.times()
print(json.dumps({'processor': after.user - before.user + after.system - before.system, 'rows': rows, 'version': module.__version__}))
