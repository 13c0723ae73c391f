"""A commit's record of what was read: nothing is missed, nothing is read twice, and its size is bounded."""

import random
import unittest
from datetime import UTC, datetime, timedelta

from cdctables.objects import MARGIN, Object, Read, batches

BEGIN = datetime(2026, 11, 28, tzinfo=UTC)


def delivered(n: int, minutes: float) -> Object:
    return Object(f"raw/t/dt=x/{n}.gz", 1 + n % 7, BEGIN + timedelta(minutes=minutes))


class Reading(unittest.TestCase):
    def test_each_object_is_read_once_however_late_it_is_seen(self) -> None:
        r = random.Random(1)
        objects = [delivered(n, n * 3) for n in range(3000)]
        seen_at = {o.key: o.modified + r.choice([timedelta(), timedelta(), MARGIN * r.random()]) for o in objects}
        read, times, longest = Read(), dict.fromkeys(seen_at, 0), 0
        for hour in range(200):
            now = BEGIN + timedelta(hours=hour)
            visible = [o for o in objects if seen_at[o.key] <= now and o not in read]
            for batch in batches(visible, 40):
                for o in batch:
                    times[o.key] += 1
                read = Read.parse(read.and_these(batch).text())
                longest = max(longest, len(read.text()))
        self.assertEqual({1}, set(times.values()))
        self.assertLess(longest, 11 * 560 + 1000, "the marks of a day and an hour, of 20 an hour")

    def test_batches_are_the_oldest_first(self) -> None:
        objects = [delivered(n, -n) for n in range(50)]
        made = list(batches(objects, 20))
        self.assertEqual(sorted(objects, key=lambda o: o.modified), [o for b in made for o in b])
        self.assertTrue(all(sum(o.size for o in b) <= 20 for b in made))
        self.assertEqual([[objects[6]]], list(batches([objects[6]], 1)), "one that is larger is a batch of its own")

    def test_of_one_second_what_was_not_read_is_not_taken_for_read(self) -> None:
        first, second = delivered(1, 0), delivered(2, 0)
        self.assertNotIn(second, Read().and_these([first]))

    def test_what_was_read_is_told_again(self) -> None:
        read = Read(BEGIN, {"2026112800": frozenset({"abcdefghijk", "-_345678901"})}, "mysql-bin", BEGIN - timedelta(days=9, microseconds=5))
        self.assertEqual(read, Read.parse(read.text()))
        self.assertEqual(Read(), Read.parse(Read().text()))


if __name__ == "__main__":
    unittest.main()
