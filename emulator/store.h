/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STORE_H
#define OCI_VTPM_STORE_H

/*
 * One instance's directory, <state directory>/instances/<scope>/<name>/:
 *
 *   state           the TPM's permanent state (state_file.h); replaced atomically
 *   state.previous  the generation before it
 *   state.previous.new  the same, while a commit is under way
 *   state.new       one being written; never read
 *   meta.json       what people and vtpmctl want to know, written after the first
 *                   commit: "instance", "uuid", "tpmVersion", "createdAt", and
 *                   "generation", which the instance had at its last start
 *   lock            held by whoever uses the instance, and says who (instance_lock.h)
 *
 * A commit writes state.new, syncs it, gives the present state a second name,
 * renames, and syncs the directory; only then it has happened, and the second
 * name becomes state.previous.  One that fails leaves `state` and state.previous
 * as they were.
 *
 * State is never reset: where there has been a commit once (meta.json is there,
 * or state.previous), a state that is missing, or that does not pass every
 * check, is an error, and nothing is changed.  A state whose generation is not
 * larger than the previous one's, or is smaller than the one in meta.json, has
 * been put back.  (Somebody who puts the whole directory back is not noticed.)
 *
 * All of it belongs to the supervisors' user; nothing here follows a symbolic
 * link.  vtpmctl works on it as that user too.
 */

#include <stdbool.h>

#include "instance_lock.h"
#include "state_file.h"

struct vtpm_store;

/* The system calls that a commit is made of; a seam for tests.  Each is the
   call of its name, returning -1 with errno set.  */
struct vtpm_store_calls
{
  int (*open) (int dir_fd, const char *name, int flags, mode_t mode);
  ssize_t (*write) (int fd, const void *data, size_t size);
  int (*fsync) (int fd);
  int (*link) (int dir_fd, const char *from, const char *to); /* linkat(2) */
  int (*rename) (int dir_fd, const char *from, const char *to); /* renameat(2) */
  int (*unlink) (int dir_fd, const char *name);
};

struct vtpm_store_settings
{
  const char *state_dir; /* /var/lib/oci-vtpm: <state_dir>/instances exists */
  const struct vtpm_instance_id *id;
  const struct vtpm_host_keys *keys; /* used while opening, not kept */
  const char *holder;    /* who takes the lock: "container ID", "vtpmctl export" */
  bool create;           /* make the instance where there is none */
  const uint8_t *uuid;   /* of one that is made; NULL: a random one */
  const struct vtpm_store_calls *calls; /* NULL: the kernel's */
};

/* Locks the instance and reads its state.  Errors: EBUSY, "instance local/web is
   in use by container 123"; ENOENT, no such instance and CREATE is false; those of
   enum vtpm_state_fault.  Nothing is changed on disk but the lock file, and where
   CREATE is true the directories.  Without a state (a new instance) the store
   is empty.  */
int vtpm_store_open (const struct vtpm_store_settings *settings, struct vtpm_store **store,
                     struct vtpm_error **error);

/* What was read.  *PERMANENT belongs to the store until
   vtpm_store_forget_permanent; it is NULL for an empty store.  */
void vtpm_store_get_permanent (const struct vtpm_store *store, const uint8_t **permanent,
                               size_t *size);
void vtpm_store_forget_permanent (struct vtpm_store *store); /* wipes it */

/* VTPM_STATE_WRONG_VERSION unless the store is empty or holds a TPM of VERSION.
   An empty store will.  */
int vtpm_store_expect_version (struct vtpm_store *store, enum vtpm_tpm_version version,
                               struct vtpm_error **error);

enum vtpm_tpm_version vtpm_store_version (const struct vtpm_store *store);
const struct vtpm_state_header *vtpm_store_header (const struct vtpm_store *store);

/* Makes PERMANENT the instance's state, durably.  On an error (errno values
   ENOSPC, EIO, EROFS, EDQUOT...) the state on disk is the one before, and a
   later commit may succeed.  Takes as long as the disk does.  */
int vtpm_store_commit (struct vtpm_store *store, const uint8_t *permanent, size_t size,
                       struct vtpm_error **error);

/* Removes the instance, durably, from under the open store: nobody can open it again.  What
   was read is still there; nothing can be committed.  */
int vtpm_store_consume (struct vtpm_store *store, struct vtpm_error **error);

/* Unlocks.  Notes the time of the last use (the lock file's modification
   time).  A store to which nothing was ever committed, made by this open, is
   removed.  STORE may be NULL.  */
void vtpm_store_close (struct vtpm_store *store);

static inline void
vtpm_cleanup_store (struct vtpm_store **store)
{
  vtpm_store_close (*store);
}

#define _cleanup_store_ VTPM_CLEANUP (vtpm_cleanup_store)

/* What is on disk, for vtpmctl; needs no key and no lock.  */
struct vtpm_store_entry
{
  struct vtpm_instance_id id;
  char uuid[37];        /* text, or "" */
  char tpm_version[8];  /* "2.0", or "" where meta.json does not say */
  uint64_t generation;  /* of `state`, 0 where it cannot be read */
  char holder[VTPM_INSTANCE_HOLDER_SIZE]; /* who holds the lock, "" if nobody */
  time_t last_used;     /* 0: unknown */
  size_t size;          /* of `state`, bytes */
  uint8_t key_id[VTPM_KEY_ID_SIZE]; /* of `state`, zeros where it cannot be read */
  bool blank;           /* nothing has ever been committed */
  char fault[160];      /* why `state` is not well-formed, "" if it is; without a key
                           only damage that needs none to be seen is */
};

struct vtpm_store_list
{
  size_t count;
  struct vtpm_store_entry *entries; /* by scope, then name */
};

/* All instances; none where the directory does not exist.  */
int vtpm_store_list (const char *state_dir, struct vtpm_store_list *list,
                     struct vtpm_error **error);
void vtpm_store_list_clear (struct vtpm_store_list *list);

/* Removes an instance, all of it, unless it is in use (EBUSY) or not there
   (ENOENT).  */
int vtpm_store_remove (const char *state_dir, const struct vtpm_instance_id *id,
                       struct vtpm_error **error);

#endif
