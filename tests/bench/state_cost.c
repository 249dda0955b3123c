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
#include <time.h>

#include "journaled_tpm.h"
#include "log.h"
#include "store.h"

#define COMMANDS_A_BLOCK 200
#define SYNCED_A_BLOCK 20

/* One string a field.  */
/* clang-format off */
#define PASSWORD "\0\0\0\x09" "\x40\0\0\x09" "\0\0" "\0" "\0\0"
#define COMMAND(name, bytes) { name, sizeof (bytes) - 1, bytes }

static const struct command
{
  const char *name;
  size_t size;
  const char *bytes;
} commands[] = {
  COMMAND ("GetRandom", "\x80\x01" "\0\0\0\x0c" "\0\0\x01\x7b" "\0\x20"),
  COMMAND ("PCR_Read", "\x80\x01" "\0\0\0\x14" "\0\0\x01\x7e" "\0\0\0\x01" "\0\x0b" "\x03\x01\0\0"),
  COMMAND ("PCR_Extend", "\x80\x02" "\0\0\0\x41" "\0\0\x01\x82" "\0\0\0\x10" PASSWORD
           "\0\0\0\x01" "\0\x0b" "0123456789abcdef0123456789abcdef"),
  COMMAND ("NV_Write", "\x80\x02" "\0\0\0\x2b" "\0\0\x01\x37" "\x40\0\0\x01" "\x01\x50\0\x20" PASSWORD
           "\0\x08" "01234567" "\0\0"),
};

static const struct command define_nv
    = COMMAND ("NV_DefineSpace", "\x80\x02" "\0\0\0\x2d" "\0\0\x01\x2a" "\x40\0\0\x01" PASSWORD
               "\0\0" "\0\x0e" "\x01\x50\0\x20" "\0\x0b" "\0\x02\0\x02" "\0\0" "\0\x08");
/* clang-format on */

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

/* What is written again as it was need not be committed.  */
static void
make_new (const struct command *command, uint8_t *bytes)
{
  static uint64_t count;

  memcpy (bytes, command->bytes, command->size);
  count++;
  if (strcmp (command->name, "NV_Write") == 0)
    memcpy (bytes + command->size - sizeof (count) - sizeof (uint16_t), &count, sizeof (count));
}

static void
execute (struct subject *subject, const struct command *command)
{
  uint8_t copy[VTPM_TPM_MESSAGE_MAX];
  struct vtpm_response response = { 0 };
  struct vtpm_tpm_header header;
  struct vtpm_error *error = NULL;
  int result;

  if (subject->engine != NULL)
    {
      make_new (command, copy);
      result = vtpm_engine_process (subject->engine, copy, command->size, &response.data,
                                    &response.size, &error);
    }
  else
    {
      make_new (command, vtpm_journaled_tpm_begin_read (subject->tpm));
      vtpm_journaled_tpm_take (subject->tpm, command->size);
      result = vtpm_journaled_tpm_execute (subject->tpm, &response, &error);
      vtpm_journaled_tpm_sent (subject->tpm);
    }
  if (result < 0 || !vtpm_tpm_header_read (response.data, response.size, &header)
      || header.code != 0)
    die (command->name, error);
}

static double
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

static void
measure (struct subject *subject, const struct command *command)
{
  bool synced = subject->with_store && strcmp (command->name, "NV_Write") == 0;
  int count = synced ? SYNCED_A_BLOCK : COMMANDS_A_BLOCK;
  double begin = now_us ();

  for (int i = 0; i < count; i++)
    execute (subject, command);
  printf ("state/%s/%s\t%.3f\n", subject->mode, command->name, (now_us () - begin) / count);
}

/* A process has one TPM: each mode is a process, and measures when it is told
   to.  */
static void
serve (struct subject *subject, const char *dir, int turn_fd, int done_fd)
{
  char turn;

  open_subject (subject, dir);
  execute (subject, &define_nv);
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    execute (subject, &commands[i]);
  while (read (turn_fd, &turn, 1) == 1)
    {
      for (size_t i = 0; i < COMMAND_COUNT; i++)
        measure (subject, &commands[i]);
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
