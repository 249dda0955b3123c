/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "journaled_tpm.h"

#include "expect_error.h"
#include "tpm_commands.h"

/*
 * A TPM that is closed and opened again on the same journal is one whose
 * emulator has died.  Where in its work it died says how far a test went.
 */

static struct vtpm_journal *journal;
static struct vtpm_journaled_tpm *tpm;
static struct vtpm_response response;

/* What the supervisor would do.  */
static struct
{
  int asked;
  uint64_t version; /* committed last */
  bool disk_full;
  bool dies; /* before it has done anything */
} disk;

static int
commit (void *context, uint64_t version, bool *durable, struct vtpm_error **error)
{
  (void) context;
  if (disk.dies)
    return vtpm_error_set_plain (error, ECONNRESET, "dead");
  disk.asked++;
  *durable = version == disk.version || !disk.disk_full;
  if (*durable)
    disk.version = version;
  return 0;
}

static const struct vtpm_committer committer = { .commit = commit };

static void
set_up (void)
{
  _cleanup_close_ int fd = -1;

  assert_success (vtpm_journal_create (&fd, &error));
  assert_success (vtpm_journal_map (fd, &journal, &error));
}

static void
tear_down (void)
{
  vtpm_journaled_tpm_close (tpm);
  vtpm_journal_unmap (journal);
}

TestSuite (journaled_tpm, .init = set_up, .fini = tear_down, .timeout = 120);

static void
open_and_refuse (enum vtpm_tpm_version version, uint64_t refuse)
{
  const struct vtpm_journaled_tpm_settings settings = {
    .version = version,
    .journal = journal,
    .committer = &committer,
    .refuse = refuse,
  };

  vtpm_journaled_tpm_close (tpm);
  tpm = NULL;
  assert_success (vtpm_journaled_tpm_open (&settings, &tpm, &error));
}

static void
open_tpm (enum vtpm_tpm_version version)
{
  open_and_refuse (version, 0);
}

static void
read_command (const char *text)
{
  uint8_t *buffer = vtpm_journaled_tpm_begin_read (tpm);

  tpm_command_bytes (text, buffer);
}

static void
take (const char *text)
{
  read_command (text);
  vtpm_journaled_tpm_take (tpm, strlen (text) / 2);
}

static uint32_t
execute (const char *text)
{
  take (text);
  assert_success (vtpm_journaled_tpm_execute (tpm, &response, &error));
  return tpm_response_code (response.data, response.size);
}

static uint32_t
answer (const char *text)
{
  uint32_t code = execute (text);

  vtpm_journaled_tpm_sent (tpm);
  return code;
}

/* Returns the code of the response that is still owed.  */
static uint32_t
finish_pending (void)
{
  bool pending;

  assert_success (vtpm_journaled_tpm_finish_pending (tpm, &pending, &response, &error));
  cr_assert (pending);
  vtpm_journaled_tpm_sent (tpm);
  return tpm_response_code (response.data, response.size);
}

static void
expect_nothing_pending (void)
{
  bool pending;

  assert_success (vtpm_journaled_tpm_finish_pending (tpm, &pending, &response, &error));
  cr_expect_not (pending);
}

#define PCR_SIZE_MAX 128

static size_t
read_pcr (enum vtpm_tpm_version version, uint8_t pcr[PCR_SIZE_MAX])
{
  cr_assert_eq (answer (tpm_commands[version].read_pcr_10), 0);
  cr_assert_leq (response.size, PCR_SIZE_MAX);
  memcpy (pcr, response.data, response.size);
  return response.size;
}

/* The PCR after COUNT extensions, of a TPM that nothing happens to.  The counter
   in TPM 2.0's response is of no interest: it leaves with the first bytes.  */
static void
expect_extended (enum vtpm_tpm_version version, int count)
{
  static uint8_t expected[2][4][32];
  static bool known[2];
  const size_t digest = version == VTPM_TPM_2_0 ? 32 : 20;
  uint8_t found[PCR_SIZE_MAX];
  size_t size = read_pcr (version, found);

  if (!known[version])
    {
      struct vtpm_journal *used = journal;
      bool disk_full = disk.disk_full;

      disk.disk_full = false;
      set_up ();
      open_tpm (version);
      for (int i = 0; i < 4; i++)
        {
          uint8_t pcr[PCR_SIZE_MAX];
          size_t pcr_size = read_pcr (version, pcr);

          memcpy (expected[version][i], pcr + pcr_size - digest, digest);
          cr_assert_eq (answer (tpm_commands[version].extend_pcr_10), 0);
        }
      known[version] = true;
      vtpm_journal_unmap (journal);
      journal = used;
      disk.disk_full = disk_full;
      open_tpm (version);
    }
  cr_expect_arr_eq (found + size - digest, expected[version][count], digest,
                    "not extended %d times", count);
}

static void
check_every_point_of_death (enum vtpm_tpm_version version)
{
  const char *extend = tpm_commands[version].extend_pcr_10;

  open_tpm (version);
  cr_assert_eq (answer (extend), 0);
  open_tpm (version);
  expect_nothing_pending ();
  expect_extended (version, 1);

  vtpm_journaled_tpm_begin_read (tpm);
  open_tpm (version);
  expect_nothing_pending ();
  expect_extended (version, 1);

  read_command (extend);
  open_tpm (version);
  cr_expect_eq (finish_pending (), 0, "read but not taken");
  expect_extended (version, 2);

  take (extend);
  open_tpm (version);
  cr_expect_eq (finish_pending (), 0, "taken but not executed");
  expect_extended (version, 3);
}

Test (journaled_tpm, loses_nothing_2_0)
{
  check_every_point_of_death (VTPM_TPM_2_0);
}

Test (journaled_tpm, loses_nothing_1_2)
{
  check_every_point_of_death (VTPM_TPM_1_2);
}

static void
check_that_nothing_happens_twice (enum vtpm_tpm_version version)
{
  uint8_t first[PCR_SIZE_MAX];
  size_t size;

  open_tpm (version);
  cr_assert_eq (execute (tpm_commands[version].extend_pcr_10), 0);
  cr_assert_leq (response.size, sizeof (first));
  size = response.size;
  memcpy (first, response.data, size);
  for (int i = 0; i < 3; i++)
    {
      bool pending;

      open_tpm (version);
      assert_success (vtpm_journaled_tpm_finish_pending (tpm, &pending, &response, &error));
      cr_assert (pending);
      cr_assert_eq (response.size, size);
      cr_expect_arr_eq (response.data, first, size, "the response is another one");
    }
  vtpm_journaled_tpm_sent (tpm);
  open_tpm (version);
  expect_nothing_pending ();
  expect_extended (version, 1);
}

Test (journaled_tpm, does_nothing_twice_2_0)
{
  check_that_nothing_happens_twice (VTPM_TPM_2_0);
}

Test (journaled_tpm, does_nothing_twice_1_2)
{
  check_that_nothing_happens_twice (VTPM_TPM_1_2);
}

/* Otherwise a key made after one resume would be the key made after the
   other.  */
static void
check_randomness (enum vtpm_tpm_version version)
{
  uint8_t seen[4][64];

  open_tpm (version);
  cr_assert_eq (answer (tpm_commands[version].extend_pcr_10), 0);
  for (int i = 0; i < 4; i++)
    {
      open_tpm (version);
      cr_assert_eq (answer (tpm_commands[version].get_random), 0);
      cr_assert_leq (response.size, sizeof (seen[i]));
      memcpy (seen[i], response.data, response.size);
      for (int j = 0; j < i; j++)
        cr_expect_neq (memcmp (seen[i], seen[j], response.size), 0,
                       "resumes %d and %d of one snapshot give the same random bytes", i, j);
    }
}

Test (journaled_tpm, never_repeats_random_numbers_2_0)
{
  check_randomness (VTPM_TPM_2_0);
}

Test (journaled_tpm, never_repeats_random_numbers_1_2)
{
  check_randomness (VTPM_TPM_1_2);
}

static const char define_nv[] = "8002" "0000002d" "0000012a" "40000001" PASSWORD_AUTH "0000"
                                "000e" "01500020" "000b" "00020002" "0000" "0008";
static const char read_nv_public[] = "8001" "0000000e" "00000169" "01500020";
static const char write_nv[] = "8002" "0000002b" "00000137" "40000001" "01500020" PASSWORD_AUTH
                               "0008" "0102030405060708" "0000";
static const char read_nv[] = "8002" "00000023" "0000014e" "40000001" "01500020" PASSWORD_AUTH
                              "0008" "0000";

Test (journaled_tpm, commits_before_it_answers)
{
  int asked;

  open_tpm (VTPM_TPM_2_0);
  cr_expect_geq (disk.version, 1, "a new TPM is kept before it is used");
  asked = disk.asked;
  cr_expect_eq (answer (tpm_commands[VTPM_TPM_2_0].extend_pcr_10), 0);
  cr_expect_eq (answer (tpm_commands[VTPM_TPM_2_0].get_random), 0);
  cr_expect_eq (disk.asked, asked, "what is volatile is not committed");
  cr_expect_eq (execute (define_nv), 0);
  cr_expect_eq (disk.asked, asked + 1);
  cr_expect_eq (disk.version, 4);
  vtpm_journaled_tpm_sent (tpm);
}

/* The TPM is what it was before, volatile state and all.  */
Test (journaled_tpm, takes_back_what_cannot_be_committed)
{
  open_tpm (VTPM_TPM_2_0);
  cr_assert_eq (answer (tpm_commands[VTPM_TPM_2_0].extend_pcr_10), 0);
  disk.disk_full = true;
  for (int i = 0; i < 3; i++)
    cr_expect_eq (answer (define_nv), 0x923, "TPM_RC_NV_UNAVAILABLE");
  cr_expect_eq (answer (read_nv_public), 0x18b, "not TPM_RC_HANDLE");
  expect_extended (VTPM_TPM_2_0, 1);
  disk.disk_full = false;
  cr_expect_eq (answer (define_nv), 0);
  cr_expect_eq (answer (write_nv), 0);
  disk.disk_full = true;
  cr_expect_eq (answer (read_nv), 0, "what is read need not be written");
  open_tpm (VTPM_TPM_2_0);
  expect_nothing_pending ();
  cr_expect_eq (answer (read_nv), 0);
}

static void
die_while_it_is_committed (const char *command)
{
  take (command);
  disk.dies = true;
  expect_error (vtpm_journaled_tpm_execute (tpm, &response, &error), ECONNRESET, "dead");
  disk.dies = false;
}

/* The emulator dies when it has published the record but heard of no commit;
   meanwhile the disk is full, or is not.  */
Test (journaled_tpm, commits_what_its_predecessor_could_not)
{
  open_tpm (VTPM_TPM_2_0);
  die_while_it_is_committed (define_nv);
  disk.disk_full = true;
  open_tpm (VTPM_TPM_2_0);
  cr_expect_eq (finish_pending (), 0x923);
  cr_expect_eq (answer (read_nv_public), 0x18b);
  disk.disk_full = false;
  die_while_it_is_committed (define_nv);
  open_tpm (VTPM_TPM_2_0);
  cr_expect_eq (finish_pending (), 0);
  cr_expect_eq (answer (read_nv_public), 0);
}

Test (journaled_tpm, cannot_start_what_cannot_be_kept)
{
  const struct vtpm_journaled_tpm_settings settings
      = { .version = VTPM_TPM_2_0, .journal = journal, .committer = &committer };

  disk.disk_full = true;
  expect_error (vtpm_journaled_tpm_open (&settings, &tpm, &error), EIO,
                "the TPM's state could not be written");
  cr_expect_null (tpm);
}

static void
check_power_cycle (enum vtpm_tpm_version version)
{
  struct vtpm_journal_marks marks;
  struct vtpm_journal_record last;
  struct vtpm_journal *old = journal;

  open_tpm (version);
  cr_assert_eq (answer (tpm_commands[version].extend_pcr_10), 0);
  if (version == VTPM_TPM_2_0)
    cr_assert_eq (answer (define_nv), 0);
  assert_success (vtpm_journaled_tpm_shut_down (tpm, &error));
  vtpm_journal_get_marks (old, &marks);
  assert_success (vtpm_journal_get_record (old, marks.record[1] > marks.record[0] ? 1 : 0, &last,
                                           &error));
  set_up ();
  assert_success (vtpm_journal_seed (journal, last.permanent, last.permanent_size, &error));
  vtpm_journal_unmap (old);
  open_tpm (version);
  expect_nothing_pending ();
  expect_extended (version, 0);
  if (version == VTPM_TPM_2_0)
    cr_expect_eq (answer (read_nv_public), 0);
}

Test (journaled_tpm, survives_the_loss_of_power_2_0)
{
  check_power_cycle (VTPM_TPM_2_0);
}

Test (journaled_tpm, survives_the_loss_of_power_1_2)
{
  check_power_cycle (VTPM_TPM_1_2);
}

Test (journaled_tpm, refuses_what_ended_its_predecessors)
{
  open_tpm (VTPM_TPM_2_0);
  take (tpm_commands[VTPM_TPM_2_0].extend_pcr_10);
  open_and_refuse (VTPM_TPM_2_0, 2);
  cr_expect_eq (finish_pending (), 0x101, "TPM_RC_FAILURE");
  expect_extended (VTPM_TPM_2_0, 0);
  open_and_refuse (VTPM_TPM_2_0, 2);
  expect_nothing_pending ();
  cr_expect_eq (answer (tpm_commands[VTPM_TPM_2_0].extend_pcr_10), 0, "only that one");
}

static void
check_locality (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  char set_locality[64];

  snprintf (set_locality, sizeof (set_locality), "%s03", commands->set_locality);
  open_tpm (version);
  cr_expect_eq (answer (commands->extend_pcr_17), commands->wrong_locality);
  cr_expect_eq (answer (set_locality), 0);
  open_tpm (version);
  cr_expect_eq (answer (commands->extend_pcr_17), 0);
  set_locality[strlen (set_locality) - 1] = '5';
  cr_expect_eq (answer (set_locality), commands->wrong_locality);
  open_tpm (version);
  cr_expect_eq (answer (commands->extend_pcr_17), 0);
}

Test (journaled_tpm, keeps_the_locality_2_0)
{
  check_locality (VTPM_TPM_2_0);
}

Test (journaled_tpm, keeps_the_locality_1_2)
{
  check_locality (VTPM_TPM_1_2);
}

/* The session, its nonce and an object that was loaded are all there.  */
Test (journaled_tpm, keeps_sessions)
{
  static const char start_auth_session[] = "8001" "0000002b" "00000176" "40000007" "40000007"
                                           "0010" "000102030405060708090a0b0c0d0e0f"
                                           "0000" "00" "0010" "000b";
  static const char flush[] = "8001" "0000000e" "00000165" "02000000";

  open_tpm (VTPM_TPM_2_0);
  cr_assert_eq (answer (start_auth_session), 0);
  open_tpm (VTPM_TPM_2_0);
  cr_expect_eq (answer (flush), 0);
  open_tpm (VTPM_TPM_2_0);
  cr_expect_neq (answer (flush), 0, "the session is back");
}

Test (journaled_tpm, refuses_a_journal_that_makes_no_sense)
{
  const struct vtpm_journaled_tpm_settings settings
      = { .version = VTPM_TPM_2_0, .journal = journal, .committer = &committer };
  struct vtpm_journal_record nonsense = {
    .volatile_state = (const uint8_t *) "nonsense",
    .volatile_size = 8,
    .permanent = (const uint8_t *) "nonsense",
    .permanent_size = 8,
  };

  vtpm_journal_take_own (journal, 1);
  assert_success (vtpm_journal_publish (journal, 1, &nonsense, &error));
  expect_error (vtpm_journaled_tpm_open (&settings, &tpm, &error), 0,
                "libtpms does not accept the TPM 2.0's state");
  vtpm_journal_mark_sent (journal, 7);
  expect_error (vtpm_journaled_tpm_open (&settings, &tpm, &error), EBADMSG,
                "the journal contradicts itself");
}
