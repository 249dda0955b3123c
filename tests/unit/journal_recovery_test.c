/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journal_recovery.h"

#include "expect_error.h"

/* Command 8 comes to a TPM whose last change was made by command LAST_CHANGE; the
   emulator dies after each of its steps.  */

struct point_of_death
{
  const char *step;
  struct vtpm_journal_marks marks;
  struct vtpm_journal_recovery expected;
};

/* clang-format off */
static const struct point_of_death deaths[] = {
  { "answered command 7, which changed something",
    { .reading = 7, .taken = 7, .sent = 7, .record = { 6, 7 }, .delivered = true },
    { .slot = 1, .number = 7, .pending = VTPM_PENDING_NOTHING } },
  { "answered command 7, which changed nothing",
    { .reading = 7, .taken = 7, .sent = 7, .record = { 4, 3 }, .delivered = true },
    { .slot = 0, .number = 7, .pending = VTPM_PENDING_NOTHING } },
  { "announced command 8",
    { .reading = 8, .taken = 7, .sent = 7, .record = { 6, 7 } },
    { .slot = 1, .number = 7, .pending = VTPM_PENDING_NOTHING } },
  { "read command 8",
    { .reading = 8, .taken = 7, .sent = 7, .record = { 6, 7 }, .delivered = true },
    { .slot = 1, .number = 8, .pending = VTPM_PENDING_EXECUTE } },
  { "took command 8",
    { .reading = 8, .taken = 8, .sent = 7, .record = { 6, 7 }, .delivered = true },
    { .slot = 1, .number = 8, .pending = VTPM_PENDING_EXECUTE } },
  { "began to write record 8 in the place of record 6",
    { .reading = 8, .taken = 8, .sent = 7, .record = { 0, 7 }, .delivered = true },
    { .slot = 1, .number = 8, .pending = VTPM_PENDING_EXECUTE } },
  { "published record 8",
    { .reading = 8, .taken = 8, .sent = 7, .record = { 8, 7 }, .delivered = true },
    { .slot = 0, .number = 8, .pending = VTPM_PENDING_SEND } },
  { "took record 8 back, which could not be committed",
    { .reading = 8, .taken = 8, .sent = 7, .record = { 0, 7 }, .delivered = true },
    { .slot = 1, .number = 8, .pending = VTPM_PENDING_EXECUTE } },
  { "answered command 8",
    { .reading = 8, .taken = 8, .sent = 8, .record = { 8, 7 }, .delivered = true },
    { .slot = 0, .number = 8, .pending = VTPM_PENDING_NOTHING } },
  { "answered command 8, which could not be committed",
    { .reading = 8, .taken = 8, .sent = 8, .record = { 0, 7 }, .delivered = true },
    { .slot = 1, .number = 8, .pending = VTPM_PENDING_NOTHING } },

  { "did nothing yet", { 0 }, { .slot = -1, .number = 0, .pending = VTPM_PENDING_NOTHING } },
  { "began to start the TPM",
    { .reading = 1 }, { .slot = -1, .number = 0, .pending = VTPM_PENDING_NOTHING } },
  { "was starting the TPM",
    { .reading = 1, .taken = 1 }, { .slot = -1, .number = 1, .pending = VTPM_PENDING_EXECUTE } },
  { "recorded the start",
    { .reading = 1, .taken = 1, .record = { 1, 0 } },
    { .slot = 0, .number = 1, .pending = VTPM_PENDING_SEND } },
  { "had started the TPM",
    { .reading = 1, .taken = 1, .sent = 1, .record = { 1, 0 } },
    { .slot = 0, .number = 1, .pending = VTPM_PENDING_NOTHING } },
};
/* clang-format on */

Test (journal_recovery, goes_on_after_every_point_of_death)
{
  for (size_t i = 0; i < sizeof (deaths) / sizeof (deaths[0]); i++)
    {
      const struct vtpm_journal_recovery *expected = &deaths[i].expected;
      struct vtpm_journal_recovery recovery;

      assert_success (vtpm_journal_recover (&deaths[i].marks, &recovery, &error));
      cr_expect_eq (recovery.slot, expected->slot, "%s: slot %d", deaths[i].step, recovery.slot);
      cr_expect_eq (recovery.number, expected->number, "%s: number %ju", deaths[i].step,
                    (uintmax_t) recovery.number);
      cr_expect_eq (recovery.pending, expected->pending, "%s: pending %d", deaths[i].step,
                    (int) recovery.pending);
    }
}

/* What no order of steps leaves behind.  */
Test (journal_recovery, refuses_a_journal_that_contradicts_itself)
{
  static const struct vtpm_journal_marks marks[] = {
    { .reading = 7, .taken = 8, .sent = 8, .record = { 8, 7 } },
    { .reading = 10, .taken = 8, .sent = 8, .record = { 8, 7 } },
    { .reading = 8, .taken = 8, .sent = 9, .record = { 8, 7 } },
    { .reading = 8, .taken = 8, .sent = 6, .record = { 8, 7 } },
    { .reading = 8, .taken = 8, .sent = 8, .record = { 9, 7 } },
    { .reading = 8, .taken = 8, .sent = 8, .record = { 7, 9 } },
    { .reading = 8, .taken = 8, .sent = 8, .record = { 8, 8 } },
    { .reading = 0, .taken = 0, .sent = 0, .record = { 1, 0 } },
    { .reading = UINT64_MAX, .taken = 1, .sent = 1, .record = { 1, 0 } },
    { .reading = 1, .taken = UINT64_MAX, .sent = UINT64_MAX, .record = { 1, 0 } },
  };

  for (size_t i = 0; i < sizeof (marks) / sizeof (marks[0]); i++)
    {
      struct vtpm_journal_recovery recovery;

      expect_error (vtpm_journal_recover (&marks[i], &recovery, &error), EBADMSG,
                    "the journal contradicts itself");
    }
}
