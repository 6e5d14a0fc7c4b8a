// Memory that a small file must not take.
import { deflateRawSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { als, importFactors, npyBytes, readDataset } from '../../src/index.ts';

const test = suite('memory of what is imported');

/** A zip of one deflated member, whose checksum nobody gets to. */
function zipOf(name: string, packed: Uint8Array, size: number): Uint8Array {
  const record = (signature: number, central: boolean): Uint8Array => {
    const view = new DataView(new ArrayBuffer(central ? 46 : 30));
    const from = central ? 2 : 0;
    view.setUint32(0, signature, true);
    view.setUint16(8 + from, 8, true);
    view.setUint32(18 + from, packed.length, true);
    view.setUint32(22 + from, size, true);
    view.setUint16(26 + from, name.length, true);
    return new Uint8Array([...new Uint8Array(view.buffer), ...new TextEncoder().encode(name)]);
  };
  const local = record(0x04034b50, false);
  const central = record(0x02014b50, true);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, 1, true);
  end.setUint32(12, central.length, true);
  end.setUint32(16, local.length + packed.length, true);
  return new Uint8Array(Buffer.concat([local, packed, central, new Uint8Array(end.buffer)]));
}

test('a small archive of a huge matrix takes no memory before its shape is compared', async () => {
  const rows = 100_000_000;
  const text = new TextDecoder('latin1').decode(npyBytes({ shape: [0, 1], data: new Float32Array(0) }));
  const header = Buffer.from(`${text.replace('(0, 1)', `(${rows}, 1)`).trimEnd().padEnd(127)}\n`, 'latin1');
  const packed = deflateRawSync(Buffer.concat([header, Buffer.alloc(rows * 4)]), { level: 1 });
  const archive = zipOf('user_factors.npy', packed, header.length + rows * 4);
  assert.ok(archive.length < 2_000_000, 'the archive is small');
  for (const text of ['user,item,rating\na,x,1\nb,y,2\n', 'user,item,rating\n0,0,1\n7,1,2\n']) {
    const data = await readDataset(text);
    const before = process.memoryUsage().rss;
    try {
      await importFactors(als, archive, data, { source: 'f.npz' });
      assert.unreachable();
    } catch (error) {
      assert.match(
        (error as Error).message,
        /f\.npz: expected 2 rows in "user_factors", one for each of the users in the data, found 100000000/,
      );
    }
    assert.ok(process.memoryUsage().rss - before < 100_000_000, `took ${process.memoryUsage().rss - before} bytes`);
  }
});

test.run();
