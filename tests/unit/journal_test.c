/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "expect_error.h"

static int journal_fd;
static struct vtpm_journal *journal;

static void
set_up (void)
{
  assert_success (vtpm_journal_create (&journal_fd, &error));
  assert_success (vtpm_journal_map (journal_fd, &journal, &error));
}

static void
tear_down (void)
{
  vtpm_journal_unmap (journal);
  close (journal_fd);
}

TestSuite (journal, .init = set_up, .fini = tear_down, .timeout = 60);

static const uint8_t *
bytes (const char *text)
{
  return (const uint8_t *) text;
}

static struct vtpm_journal_record
make_record (const char *response, const char *volatile_state, const char *permanent)
{
  return (struct vtpm_journal_record) {
    .response = bytes (response),
    .response_size = strlen (response),
    .volatile_state = bytes (volatile_state),
    .volatile_size = strlen (volatile_state),
    .permanent = bytes (permanent),
    .permanent_size = strlen (permanent),
  };
}

/* Returns the version of the permanent state.  */
static uint64_t
publish (uint64_t number, const char *response, const char *volatile_state, const char *permanent)
{
  struct vtpm_journal_record record = make_record (response, volatile_state, permanent);

  assert_success (vtpm_journal_publish (journal, number, &record, &error));
  return record.permanent_version;
}

static int
find_slot (uint64_t number)
{
  struct vtpm_journal_marks marks;

  vtpm_journal_get_marks (journal, &marks);
  cr_assert (marks.record[0] == number || marks.record[1] == number, "no record %ju",
             (uintmax_t) number);
  return marks.record[0] == number ? 0 : 1;
}

static void
expect_bytes (const uint8_t *found, size_t size, const char *expected)
{
  cr_assert_eq (size, strlen (expected), "%zu bytes instead of \"%s\"", size, expected);
  cr_expect_arr_eq (found, expected, size);
}

static void
expect_record (uint64_t number, const char *response, const char *volatile_state,
               const char *permanent)
{
  struct vtpm_journal_record record;

  assert_success (vtpm_journal_get_record (journal, find_slot (number), &record, &error));
  expect_bytes (record.response, record.response_size, response);
  expect_bytes (record.volatile_state, record.volatile_size, volatile_state);
  expect_bytes (record.permanent, record.permanent_size, permanent);
}

static void
expect_permanent (uint64_t version, const char *expected)
{
  _cleanup_free_ uint8_t *copy = NULL;
  size_t size;

  assert_success (vtpm_journal_copy_permanent (journal, version, &copy, &size, &error));
  expect_bytes (copy, size, expected);
}

Test (journal, begins_with_nothing)
{
  struct vtpm_journal_marks marks;
  uint32_t allowance;
  size_t size;

  vtpm_journal_get_marks (journal, &marks);
  cr_expect_eq (marks.reading, 0);
  cr_expect_eq (marks.taken, 0);
  cr_expect_eq (marks.sent, 0);
  cr_expect_eq (marks.record[0], 0);
  cr_expect_eq (marks.record[1], 0);
  cr_expect_not (marks.delivered);
  cr_expect_null (vtpm_journal_get_seed (journal, &size));
  cr_expect_eq (vtpm_journal_get_work (journal, &allowance), 0);
  cr_expect_eq (vtpm_journal_get_locality (journal), 0);
}

Test (journal, is_of_fixed_size)
{
  struct vtpm_journal *other = NULL;
  _cleanup_close_ int no_journal = memfd_create ("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  off_t size = lseek (journal_fd, 0, SEEK_END);

  cr_expect_eq (ftruncate (journal_fd, 0), -1);
  cr_expect_eq (ftruncate (journal_fd, size + 1), -1);
  expect_error (vtpm_journal_map (no_journal, &other, &error), EINVAL, "is no journal");
  cr_assert_eq (ftruncate (no_journal, size), 0);
  expect_error (vtpm_journal_map (no_journal, &other, &error), EINVAL, "seals 0");
  cr_assert_eq (fcntl (no_journal, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  expect_error (vtpm_journal_map (no_journal, &other, &error), EINVAL, "of this version");
  expect_error (vtpm_journal_map (-1, &other, &error), EBADF, "descriptor -1 is no journal");
  cr_expect_null (other);
}

Test (journal, keeps_the_last_two_records)
{
  cr_expect_eq (publish (1, "", "v1", "p1"), 1);
  expect_record (1, "", "v1", "p1");
  cr_expect_eq (publish (2, "r2", "v2", "p1"), 1, "the permanent state is the same");
  expect_record (1, "", "v1", "p1");
  expect_record (2, "r2", "v2", "p1");
  cr_expect_eq (publish (5, "r5", "v5", "p5"), 5);
  expect_record (2, "r2", "v2", "p1");
  expect_record (5, "r5", "v5", "p5");
  cr_expect_eq (publish (6, "r6", "v6", "p6"), 6);
  expect_record (6, "r6", "v6", "p6");
  cr_expect_eq (publish (7, "r7", "v7", "p6"), 6);
  expect_record (6, "r6", "v6", "p6");
  expect_record (7, "r7", "v7", "p6");
}

Test (journal, knows_the_last_record)
{
  static const struct
  {
    struct vtpm_journal_marks marks;
    int slot;
  } cases[] = {
    { { .record = { 0, 0 } }, -1 }, { { .record = { 1, 0 } }, 0 }, { { .record = { 0, 1 } }, 1 },
    { { .record = { 2, 1 } }, 0 },  { { .record = { 2, 3 } }, 1 },
    { { .record = { UINT64_MAX, 1 } }, 0 },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    cr_expect_eq (vtpm_journal_last_slot (&cases[i].marks), cases[i].slot, "case %zu", i);
}

Test (journal, takes_a_record_back)
{
  publish (1, "", "v1", "p1");
  publish (2, "r2", "v2", "p2");
  vtpm_journal_discard (journal, 2);
  expect_record (1, "", "v1", "p1");
  cr_expect_eq (publish (3, "r3", "v3", "p3"), 3);
  expect_record (1, "", "v1", "p1");
  expect_record (3, "r3", "v3", "p3");
  vtpm_journal_discard (journal, 9);
  expect_record (3, "r3", "v3", "p3");
}

Test (journal, keeps_saved_state)
{
  struct vtpm_journal_record record = make_record ("r", "volatile", "permanent");

  record.saved = bytes ("saved");
  record.saved_size = 5;
  assert_success (vtpm_journal_publish (journal, 4, &record, &error));
  assert_success (vtpm_journal_get_record (journal, find_slot (4), &record, &error));
  expect_bytes (record.saved, record.saved_size, "saved");
  expect_bytes (record.volatile_state, record.volatile_size, "volatile");
}

Test (journal, gives_out_permanent_states_by_version)
{
  _cleanup_free_ uint8_t *copy = NULL;
  size_t size;

  publish (1, "", "v1", "p1");
  publish (2, "", "v2", "p2");
  expect_permanent (1, "p1");
  expect_permanent (2, "p2");
  publish (3, "", "v3", "p3");
  expect_permanent (3, "p3");
  expect_error (vtpm_journal_copy_permanent (journal, 1, &copy, &size, &error), EPROTO,
                "the journal has no permanent state 1");
  expect_error (vtpm_journal_copy_permanent (journal, 77, &copy, &size, &error), EPROTO, "77");
}

Test (journal, is_seeded)
{
  size_t size;
  const uint8_t *seed;

  expect_error (vtpm_journal_seed (journal, bytes (""), 0, &error), EFBIG, "0 bytes");
  assert_success (vtpm_journal_seed (journal, bytes ("disk"), 4, &error));
  seed = vtpm_journal_get_seed (journal, &size);
  cr_assert_not_null (seed);
  expect_bytes (seed, size, "disk");
  expect_permanent (0, "disk");
  cr_expect_eq (publish (1, "", "v1", "disk"), 0, "it is what is on disk");
  cr_expect_eq (publish (2, "", "v2", "p2"), 2);
  expect_record (1, "", "v1", "disk");
}

Test (journal, refuses_states_that_do_not_fit)
{
  static uint8_t large[VTPM_JOURNAL_PERMANENT_MAX + 1];
  struct vtpm_journal_record good = make_record ("r", "v", "p");
  struct vtpm_journal_record bad[5] = { good, good, good, good, good };

  publish (1, "r1", "v1", "p1");
  bad[0].permanent = large;
  bad[0].permanent_size = sizeof (large);
  bad[1].volatile_state = large;
  bad[1].volatile_size = VTPM_JOURNAL_VOLATILE_MAX + 1;
  bad[2].saved = large;
  bad[2].saved_size = VTPM_JOURNAL_VOLATILE_MAX;
  bad[3].response = large;
  bad[3].response_size = VTPM_TPM_MESSAGE_MAX + 1;
  bad[4].permanent_size = 0;
  for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++)
    expect_error (vtpm_journal_publish (journal, 2, &bad[i], &error), EFBIG,
                  "does not fit the journal");
  expect_record (1, "r1", "v1", "p1");
}

Test (journal, keeps_the_command)
{
  const uint8_t *command;
  struct vtpm_journal_marks marks;
  uint32_t allowance;
  size_t size;
  uint8_t *buffer = vtpm_journal_begin_read (journal, 1);

  memcpy (buffer, "\x80\x01\0\0\0\x0c\0\0\x01\x7b\0\x08", 12);
  vtpm_journal_get_marks (journal, &marks);
  cr_expect_eq (marks.reading, 1);
  cr_expect_eq (marks.taken, 0);
  cr_expect (marks.delivered);
  vtpm_journal_get_command (journal, &size);
  cr_expect_eq (size, 12, "as long as its header says");

  cr_expect_not (vtpm_journal_take (journal, 1, 11, 2000));
  command = vtpm_journal_get_command (journal, &size);
  cr_expect_eq (size, 11, "as long as it was");
  cr_expect_eq (command[0], 0x80);
  cr_expect_eq (vtpm_journal_get_work (journal, &allowance), 1);
  cr_expect_eq (allowance, 2000);
  vtpm_journal_mark_sent (journal, 1);
  cr_expect_eq (vtpm_journal_get_work (journal, &allowance), 0);

  vtpm_journal_begin_read (journal, 2);
  vtpm_journal_get_marks (journal, &marks);
  cr_expect_not (marks.delivered, "it is the old one");
}

Test (journal, bounds_a_commands_size)
{
  size_t size;

  memset (vtpm_journal_begin_read (journal, 1), 0xff, VTPM_JOURNAL_COMMAND_SIZE);
  vtpm_journal_get_command (journal, &size);
  cr_expect_eq (size, VTPM_JOURNAL_COMMAND_SIZE);
  vtpm_journal_take (journal, 1, SIZE_MAX, 0);
  vtpm_journal_get_command (journal, &size);
  cr_expect_eq (size, VTPM_JOURNAL_COMMAND_SIZE);
}

Test (journal, says_whether_somebody_watches)
{
  vtpm_journal_begin_read (journal, 1);
  cr_expect_not (vtpm_journal_take (journal, 1, 10, 1));
  vtpm_journal_set_watched (journal, true);
  cr_expect (vtpm_journal_take (journal, 2, 10, 1));
  vtpm_journal_set_watched (journal, false);
  cr_expect_not (vtpm_journal_take (journal, 3, 10, 1));
}

/* One of our own is not finished by an answer that it does not get.  */
Test (journal, marks_what_is_answered)
{
  static const uint8_t command[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8 };
  struct vtpm_journal_marks marks;

  vtpm_journal_take_own (journal, 1);
  vtpm_journal_mark_answered (journal);
  vtpm_journal_get_marks (journal, &marks);
  cr_expect_eq (marks.taken, 1);
  cr_expect_eq (marks.sent, 0);

  vtpm_journal_mark_sent (journal, 1);
  vtpm_journal_begin_read (journal, 2);
  vtpm_journal_mark_answered (journal);
  vtpm_journal_get_marks (journal, &marks);
  cr_expect_eq (marks.taken, 1, "nothing has been read");
  cr_expect_eq (marks.sent, 1);

  memcpy (vtpm_journal_begin_read (journal, 2), command, sizeof (command));
  vtpm_journal_mark_answered (journal);
  vtpm_journal_get_marks (journal, &marks);
  cr_expect_eq (marks.reading, 2);
  cr_expect_eq (marks.taken, 2);
  cr_expect_eq (marks.sent, 2);
}

Test (journal, is_shared)
{
  int status;

  if (fork () == 0)
    {
      publish (1, "r1", "v1", "p1");
      vtpm_journal_set_locality (journal, 3);
      _exit (0);
    }
  cr_assert_geq (wait (&status), 0);
  expect_record (1, "r1", "v1", "p1");
  cr_expect_eq (vtpm_journal_get_locality (journal), 3);
}

/* An emulator that has been broken into can write anything anywhere, at any
   time.  Every word of the journal in turn gets every extreme value.  */
Test (journal, survives_hostile_content)
{
  static const uint64_t values[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX };
  size_t head = 8192;
  uint8_t *raw = (uint8_t *) journal;

  publish (1, "", "v1", "p1");
  publish (2, "r2", "v2", "p2");
  for (size_t offset = 0; offset + 8 <= head; offset += 4)
    for (size_t i = 0; i < sizeof (values) / sizeof (values[0]); i++)
      {
        uint8_t saved[8];
        struct vtpm_journal_marks marks;
        struct vtpm_journal_record record;
        _cleanup_free_ uint8_t *copy = NULL;
        uint32_t allowance;
        size_t size;

        memcpy (saved, raw + offset, sizeof (saved));
        memcpy (raw + offset, &values[i], sizeof (saved));
        vtpm_journal_get_marks (journal, &marks);
        vtpm_journal_get_work (journal, &allowance);
        for (int slot = 0; slot < 2; slot++)
          if (vtpm_journal_get_record (journal, slot, &record, NULL) == 0)
            {
              cr_assert_leq (record.response_size, VTPM_TPM_MESSAGE_MAX);
              cr_assert_leq (record.volatile_size + record.saved_size, VTPM_JOURNAL_VOLATILE_MAX);
              cr_assert_leq (record.permanent_size, VTPM_JOURNAL_PERMANENT_MAX);
            }
        if (vtpm_journal_copy_permanent (journal, 2, &copy, &size, NULL) == 0)
          cr_assert_leq (size, VTPM_JOURNAL_PERMANENT_MAX);
        memcpy (raw + offset, saved, sizeof (saved));
      }
}
