/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STORE_FIXTURE_H
#define OCI_VTPM_STORE_FIXTURE_H

/* A state directory of a test's own, and the instance local/web in it.  */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect_error.h"
#include "store.h"
#include "temp_dir.h"

#define WEB "instances/local/web/"

static const struct vtpm_instance_id web = { "local", "web" };
static const struct vtpm_host_keys host_keys = { .count = 1, .key = { "the host's key" } };

/* A child that ends with the test, however that ends.  */
static inline pid_t
fork_child (void)
{
  pid_t pid = fork ();

  cr_assert_geq (pid, 0);
  if (pid == 0)
    prctl (PR_SET_PDEATHSIG, SIGKILL);
  return pid;
}

static inline void
make_state_dir (void)
{
  make_temp_dir ();
  cr_assert_eq (mkdir (temp_path ("instances"), 0700), 0);
}

static inline struct vtpm_store_settings
web_settings (void)
{
  return (struct vtpm_store_settings) {
    .state_dir = temp_dir,
    .id = &web,
    .keys = &host_keys,
    .holder = "container 123",
    .create = true,
  };
}

static inline struct vtpm_store *
open_with (struct vtpm_store_settings settings)
{
  struct vtpm_store *store = NULL;

  assert_success (vtpm_store_open (&settings, &store, &error));
  return store;
}

static inline struct vtpm_store *
open_web (void)
{
  return open_with (web_settings ());
}

static inline int
try_open (struct vtpm_store_settings settings, struct vtpm_error **error)
{
  struct vtpm_store *store = NULL;
  int result = vtpm_store_open (&settings, &store, error);

  vtpm_store_close (store);
  return result;
}

static inline int
try_open_web (struct vtpm_error **error)
{
  return try_open (web_settings (), error);
}

static inline int
commit_text (struct vtpm_store *store, const char *text, struct vtpm_error **error)
{
  return vtpm_store_commit (store, (const uint8_t *) text, strlen (text), error);
}

/* Whether the store was opened with TEXT as its state.  */
static inline bool
holds (const struct vtpm_store *store, const char *text)
{
  const uint8_t *permanent;
  size_t size;

  vtpm_store_get_permanent (store, &permanent, &size);
  return permanent != NULL && size == strlen (text) && memcmp (permanent, text, size) == 0;
}

static inline void
expect_web_holds (const char *text)
{
  _cleanup_store_ struct vtpm_store *store = open_web ();

  cr_expect (holds (store, text), "not %s", text);
}

/* Opens it, commits once and closes it.  */
static inline void
make_generation (const struct vtpm_instance_id *id, const char *text)
{
  struct vtpm_store_settings settings = web_settings ();
  _cleanup_store_ struct vtpm_store *store = NULL;

  settings.id = id;
  store = open_with (settings);
  assert_success (commit_text (store, text, &error));
}

static inline bool
exists (const char *name)
{
  struct stat status;

  return lstat (temp_path (name), &status) == 0;
}

struct content
{
  uint8_t bytes[4096];
  size_t size;
};

static inline struct content
read_temp_file (const char *name)
{
  struct content content = { 0 };
  _cleanup_close_ int fd = open (temp_path (name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  cr_assert_geq (fd, 0, "%s", name);
  content.size = (size_t) read (fd, content.bytes, sizeof (content.bytes));
  cr_assert_leq (content.size, sizeof (content.bytes));
  return content;
}

static inline void
copy_temp_file (const char *from, const char *to)
{
  struct content content = read_temp_file (from);

  write_temp_file (to, content.bytes, content.size);
}

#endif
