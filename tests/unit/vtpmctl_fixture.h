/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPMCTL_FIXTURE_H
#define OCI_VTPM_VTPMCTL_FIXTURE_H

/* A host of a test's own in its temporary directory, and subcommands of vtpmctl that
   work on it: config.json, host.key, instances/ and run/.  The instances belong to the
   test's own user, so that it stays what it is.  */

#include <sys/stat.h>
#include <time.h>

#include "host_key_fixture.h"
#include "store.h"
#include "vtpmctl_options.h"

static struct vtpmctl_host host;

static inline void
make_host (void)
{
  char config[512];

  make_temp_dir ();
  cr_assert_eq (mkdir (temp_path ("run"), 0755), 0);
  cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
  snprintf (config, sizeof (config), "{\"stateDir\":\"%s\",\"retentionDays\":7}", temp_dir);
  write_temp_file ("config.json", config, strlen (config));
  host.run_dir = strdup (temp_path ("run"));
  host.config_file = strdup (temp_path ("config.json"));
}

static inline void
remove_host (void)
{
  free ((char *) host.run_dir);
  free ((char *) host.config_file);
  remove_temp_dir ();
}

static inline struct vtpm_store *
open_instance_under (const char *name, const struct vtpm_host_keys *keys)
{
  struct vtpm_instance_id id;
  const struct vtpm_store_settings settings = {
    .state_dir = temp_dir, .id = &id, .keys = keys, .holder = "container 4f3c", .create = true,
  };
  struct vtpm_store *store = NULL;

  assert_success (vtpm_instance_id_parse (name, &id, &error));
  assert_success (vtpm_store_open (&settings, &store, &error));
  return store;
}

/* Under the host key of all bytes KEY_BYTE.  */
static inline struct vtpm_store *
open_instance (const char *name, uint8_t key_byte)
{
  struct vtpm_host_keys keys = { .count = 1 };

  memset (keys.key[0], key_byte, VTPM_HOST_KEY_SIZE);
  return open_instance_under (name, &keys);
}

static inline void
make_instance (const char *name, uint8_t key_byte, const char *permanent)
{
  _cleanup_store_ struct vtpm_store *store = open_instance (name, key_byte);

  assert_success (vtpm_store_expect_version (store, VTPM_TPM_2_0, &error));
  assert_success (
      vtpm_store_commit (store, (const uint8_t *) permanent, strlen (permanent), &error));
}

static inline void
expect_instance (const char *name, uint8_t key_byte, const char *permanent)
{
  _cleanup_store_ struct vtpm_store *store = open_instance (name, key_byte);
  const uint8_t *data;
  size_t size;

  vtpm_store_get_permanent (store, &data, &size);
  cr_assert_not_null (data, "%s is empty", name);
  cr_expect_eq (size, strlen (permanent), "%s", name);
  cr_expect_arr_eq (data, permanent, size, "%s", name);
}

static inline void
set_last_use (const char *name, time_t days_ago)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                                     { .tv_sec = time (NULL) - days_ago * 86400 } };
  char path[300];

  snprintf (path, sizeof (path), "instances/%s/lock", name);
  cr_assert_eq (utimensat (AT_FDCWD, temp_path (path), times, 0), 0, "%s", path);
}

static inline bool
is_there (const char *name)
{
  return access (temp_path (name), F_OK) == 0;
}

/* What the last command printed.  */
static char printed[16384];

/* Runs LINE, split at its blanks; "@" at the beginning of a word stands for the
   temporary directory and a slash.  */
static inline int
run (const char *line, struct vtpm_error **error)
{
  static char words[8][512];
  char copy[512];
  char *argv[8] = { (char *) "vtpmctl" };
  enum vtpm_program_action action;
  struct vtpmctl_options options;
  vtpmctl_command command;
  char *rest = NULL;
  int argc = 1, stdout_fd, output_fd, result;
  ssize_t length;

  snprintf (copy, sizeof (copy), "%s", line);
  for (char *word = strtok_r (copy, " ", &rest); word != NULL; word = strtok_r (NULL, " ", &rest))
    {
      snprintf (words[argc], sizeof (words[0]), "%s%s%s", word[0] == '@' ? temp_dir : "",
                word[0] == '@' ? "/" : "", word + (word[0] == '@'));
      argv[argc] = words[argc];
      argc++;
    }
  cr_assert_eq (vtpmctl_options_parse (argc, argv, &action, &command, &options, NULL), 0, "%s",
                line);
  fflush (stdout);
  stdout_fd = dup (STDOUT_FILENO);
  output_fd = open (temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  dup2 (output_fd, STDOUT_FILENO);
  result = command (&host, &options, error);
  fflush (stdout);
  dup2 (stdout_fd, STDOUT_FILENO);
  close (stdout_fd);
  length = pread (output_fd, printed, sizeof (printed) - 1, 0);
  printed[length > 0 ? length : 0] = '\0';
  close (output_fd);
  return result;
}

#define run_success(line) assert_success (run ((line), &error))
#define run_error(line, errnum, text) expect_error (run ((line), &error), (errnum), (text))

#define expect_printed(text) \
  cr_expect_not_null (strstr (printed, (text)), "\"%s\" without \"%s\"", printed, (text))
#define expect_not_printed(text) \
  cr_expect_null (strstr (printed, (text)), "\"%s\" with \"%s\"", printed, (text))

#endif
