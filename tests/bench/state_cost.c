/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * state_cost BLOCKS DIR
 *
 * Measures what keeping a TPM's state costs, on this machine and without a
 * kernel's driver in between: the bare TPM, the TPM with the journal, and with
 * journal and store, whose state directory is made in DIR.  They take turns
 * by block.  Prints "state/MODE/COMMAND<TAB>MICROSECONDS" for each block.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench_clock.h"
#include "bench_commands.h"
#include "journaled_tpm.h"
#include "log.h"
#include "store.h"

#define COMMANDS_A_BLOCK 200
#define SYNCED_A_BLOCK 20

static const struct bench_command *const commands[]
    = { &bench_commands[0], &bench_commands[1], &bench_commands[2], &bench_nv_write };

#define COMMAND_COUNT (sizeof (commands) / sizeof (commands[0]))

/* A TPM in one of the ways to keep its state.  */
struct subject
{
  const char *mode;
  bool with_journal;
  bool with_store;
  struct vtpm_engine *engine;
  struct vtpm_journaled_tpm *tpm;
  struct vtpm_journal *journal;
  struct vtpm_store *store;
};

static __attribute__ ((__noreturn__)) void
die (const char *what, const struct vtpm_error *error)
{
  fprintf (stderr, "state_cost: %s: %s\n", what,
           error != NULL ? vtpm_error_message (error) : "failed");
  exit (1);
}

static int
commit (void *context, uint64_t version, bool *durable, struct vtpm_error **error)
{
  struct subject *subject = context;
  _cleanup_free_ uint8_t *copy = NULL;
  size_t size;

  if (vtpm_journal_copy_permanent (subject->journal, version, &copy, &size, error) < 0
      || vtpm_store_commit (subject->store, copy, size, error) < 0)
    return -1;
  *durable = true;
  return 0;
}

static void
open_store (struct subject *subject, const char *dir)
{
  const struct vtpm_host_keys keys = { .count = 1 };
  struct vtpm_instance_id id;
  const struct vtpm_store_settings settings
      = { .state_dir = dir, .id = &id, .keys = &keys, .holder = "state_cost", .create = true };
  struct vtpm_error *error = NULL;
  char instances[4096];

  snprintf (instances, sizeof (instances), "%s/instances", dir);
  mkdir (instances, 0700);
  if (vtpm_instance_id_parse ("bench", &id, &error) < 0
      || vtpm_store_open (&settings, &subject->store, &error) < 0
      || vtpm_store_expect_version (subject->store, VTPM_TPM_2_0, &error) < 0)
    die (dir, error);
}

static void
open_subject (struct subject *subject, const char *dir)
{
  static struct vtpm_committer committer = { .commit = commit };
  const struct vtpm_engine_state nothing = { 0 };
  struct vtpm_journaled_tpm_settings settings = { .version = VTPM_TPM_2_0 };
  struct vtpm_error *error = NULL;
  int fd;

  if (!subject->with_journal)
    {
      if (vtpm_engine_new (VTPM_TPM_2_0, &nothing, &subject->engine, &error) < 0
          || vtpm_engine_start (subject->engine, &error) < 0)
        die (subject->mode, error);
      return;
    }
  if (vtpm_journal_create (&fd, &error) < 0 || vtpm_journal_map (fd, &subject->journal, &error) < 0)
    die (subject->mode, error);
  settings.journal = subject->journal;
  if (subject->with_store)
    {
      open_store (subject, dir);
      committer.context = subject;
      settings.committer = &committer;
    }
  if (vtpm_journaled_tpm_open (&settings, &subject->tpm, &error) < 0)
    die (subject->mode, error);
}

static void
execute (struct subject *subject, const struct bench_command *command)
{
  uint8_t copy[VTPM_TPM_MESSAGE_MAX];
  struct vtpm_response response = { 0 };
  struct vtpm_tpm_header header;
  struct vtpm_error *error = NULL;
  int result;

  if (subject->engine != NULL)
    {
      bench_command_copy (command, copy);
      result = vtpm_engine_process (subject->engine, copy, command->size, &response.data,
                                    &response.size, &error);
    }
  else
    {
      bench_command_copy (command, vtpm_journaled_tpm_begin_read (subject->tpm));
      vtpm_journaled_tpm_take (subject->tpm, command->size);
      result = vtpm_journaled_tpm_execute (subject->tpm, &response, &error);
      vtpm_journaled_tpm_sent (subject->tpm);
    }
  if (result < 0 || !vtpm_tpm_header_read (response.data, response.size, &header)
      || header.code != 0)
    die (command->name, error);
}

static int
compare (const void *one, const void *other)
{
  double a = *(const double *) one, b = *(const double *) other;

  return (a > b) - (a < b);
}

/* Timed one by one, which the mean of many does not need.  */
static void
measure_slowest (struct subject *subject, const struct bench_command *command)
{
  double samples[COMMANDS_A_BLOCK];

  for (int i = 0; i < COMMANDS_A_BLOCK; i++)
    {
      double begin = bench_now_us ();

      execute (subject, command);
      samples[i] = bench_now_us () - begin;
    }
  qsort (samples, COMMANDS_A_BLOCK, sizeof (samples[0]), compare);
  printf ("state/%s/%s/p99\t%.3f\n", subject->mode, command->name,
          samples[COMMANDS_A_BLOCK - 1 - COMMANDS_A_BLOCK / 100]);
}

static void
measure (struct subject *subject, const struct bench_command *command)
{
  bool synced = subject->with_store && command == &bench_nv_write;
  int count = synced ? SYNCED_A_BLOCK : COMMANDS_A_BLOCK;
  double begin = bench_now_us ();

  for (int i = 0; i < count; i++)
    execute (subject, command);
  printf ("state/%s/%s\t%.3f\n", subject->mode, command->name, (bench_now_us () - begin) / count);
  if (!synced)
    measure_slowest (subject, command);
}

/* A process has one TPM: each mode is a process, and measures when it is told
   to.  */
static void
serve (struct subject *subject, const char *dir, int turn_fd, int done_fd)
{
  char turn;

  open_subject (subject, dir);
  execute (subject, &bench_nv_define);
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    execute (subject, commands[i]);
  while (read (turn_fd, &turn, 1) == 1)
    {
      for (size_t i = 0; i < COMMAND_COUNT; i++)
        measure (subject, commands[i]);
      fflush (stdout);
      if (write (done_fd, &turn, 1) != 1)
        break;
    }
  vtpm_store_close (subject->store);
}

int
main (int argc, char **argv)
{
  struct subject subjects[] = {
    { .mode = "bare" },
    { .mode = "journal", .with_journal = true },
    { .mode = "store", .with_journal = true, .with_store = true },
  };
  enum
  {
    SUBJECTS = sizeof (subjects) / sizeof (subjects[0])
  };
  int turns[SUBJECTS][2], done[SUBJECTS][2], blocks;
  char turn = 0;

  if (argc != 3 || (blocks = atoi (argv[1])) <= 0)
    {
      fputs ("usage: state_cost BLOCKS DIR\n", stderr);
      return 2;
    }
  vtpm_log_set_level (VTPM_LOG_ERROR);
  for (int i = 0; i < SUBJECTS; i++)
    {
      if (pipe (turns[i]) < 0 || pipe (done[i]) < 0)
        die ("pipe", NULL);
      if (fork () == 0)
        {
          for (int j = 0; j <= i; j++)
            close (turns[j][1]);
          serve (&subjects[i], argv[2], turns[i][0], done[i][1]);
          return 0;
        }
      close (done[i][1]);
    }
  for (int block = 0; block < blocks; block++)
    for (int i = 0; i < SUBJECTS; i++)
      if (write (turns[i][1], &turn, 1) != 1 || read (done[i][0], &turn, 1) != 1)
        die (subjects[i].mode, NULL);
  for (int i = 0; i < SUBJECTS; i++)
    close (turns[i][1]);
  while (wait (NULL) > 0)
    continue;
  return 0;
}
