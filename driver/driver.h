/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DRIVER_H
#define OCI_VTPM_DRIVER_H

/*
 * A driver is a way to make a device pair: a client side, which becomes
 * /dev/tpmX (and /dev/tpmrmX for TPM 2.0) in the container, and a server side,
 * a descriptor on which one read(2) takes one TPM command and one write(2)
 * gives one response.
 *
 * The client side is usable only after somebody has answered on the server
 * side: the kernel asks the TPM questions before it registers the device.
 * So the order is: create, start the emulator on the server side, wait until
 * usable, take the nodes.
 */

#include <stdbool.h>

#include "error.h"
#include "tpm_version.h"

struct vtpm_pair_request
{
  enum vtpm_tpm_version version;
  bool load_module; /* may load a kernel module that is there but not loaded */
};

/* The character devices of the client side.  */
struct vtpm_pair_nodes
{
  unsigned int host_number; /* N of the host's /dev/tpmN */
  unsigned int tpm_major, tpm_minor;
  bool has_resource_manager; /* TPM 2.0 only */
  unsigned int tpmrm_major, tpmrm_minor;
};

struct vtpm_pair;

struct vtpm_driver
{
  /* What `driver` in config.json and `vtpmctl inspect` call it.  */
  const char *name;

  /* Makes a device pair.  Errors say why this driver cannot work here.  */
  int (*create) (const struct vtpm_pair_request *request, struct vtpm_pair **pair,
                 struct vtpm_error **error);

  /* The descriptor to poll for POLLIN; each time it is readable,
     is_usable may have changed.  Owned by the pair.  */
  int (*event_fd) (const struct vtpm_pair *pair);

  /* Takes what event_fd announced.  *USABLE says whether the client side can
     be opened now.  */
  int (*is_usable) (struct vtpm_pair *pair, bool *usable, struct vtpm_error **error);

  /* What to place in the container; valid once usable.  */
  int (*get_nodes) (struct vtpm_pair *pair, struct vtpm_pair_nodes *nodes,
                    struct vtpm_error **error);

  /* Frees the pair and what it still owns.  The client side goes when the last
     copy of the server side is closed.  */
  void (*destroy) (struct vtpm_pair *pair);
};

/* What every driver's pair begins with.  */
struct vtpm_pair
{
  const struct vtpm_driver *driver;
  int server_fd; /* close-on-exec; owned by the pair until taken, then -1 */
};

extern const struct vtpm_driver vtpm_driver_vtpmx;

/* Makes a pair by the driver NAME; "auto" takes the first that works, and when
   none does, the error lists each with its reason.  */
int vtpm_pair_create (const char *name, const struct vtpm_pair_request *request,
                      struct vtpm_pair **pair, struct vtpm_error **error);

/* Closes our copy of the server side, once the supervisor has its own.  */
void vtpm_pair_close_server (struct vtpm_pair *pair);

/* Whether NAME is "auto" or a driver of this build.  */
bool vtpm_driver_exists (const char *name);

/* PAIR may be NULL.  */
void vtpm_pair_free (struct vtpm_pair *pair);

static inline void
vtpm_cleanup_pair (struct vtpm_pair **pair)
{
  vtpm_pair_free (*pair);
}

#define _cleanup_pair_ VTPM_CLEANUP (vtpm_cleanup_pair)

#endif
