/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DRIVER_H
#define OCI_VTPM_DRIVER_H

/*
 * A driver is a way to make a device pair: a client side, which becomes
 * /dev/tpmX (and /dev/tpmrmX for TPM 2.0) in the container, and a server side.
 *
 * What a driver makes is one descriptor for the supervisor. Of vtpmx it is the
 * server side: one read(2) takes one TPM command and one write(2) gives one
 * response. Of cuse and fuse it is where the kernel asks what the client side is
 * to do, and the supervisor answers (device_server.h). Either way the client
 * side goes when the last copy of it is closed.
 *
 * The kernel's own client side is usable only after somebody has answered on
 * the server side: the kernel asks the TPM questions before it registers the
 * device. So the order is: create, start the supervisor, wait until usable, take
 * the client side.
 */

#include <stdbool.h>

#include "device_number.h"
#include "error.h"
#include "tpm_version.h"

struct vtpm_pair_request
{
  enum vtpm_tpm_version version;
  bool load_module; /* may load a kernel module that is there but not loaded */
};

#define VTPM_DEVICE_NAME_SIZE 40
#define VTPM_DRIVERS_MAX 3

/* What to put into the container: character devices, or a file to mount.  */
struct vtpm_client_side
{
  /* The host's name for the device, in /dev; empty for a file.  */
  char host_device[VTPM_DEVICE_NAME_SIZE];

  int mount_fd; /* a mount of the file, attached nowhere; the pair's; -1: devices */

  struct vtpm_device_number tpm;
  bool has_resource_manager; /* TPM 2.0 behind the kernel's driver only */
  struct vtpm_device_number tpmrm;
};

/* A better driver that was not used, and why.  */
struct vtpm_passed_over
{
  const char *driver;
  char *reason;
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
     is_usable may have changed.  Owned by the pair.  -1: nothing to wait for.  */
  int (*event_fd) (const struct vtpm_pair *pair);

  /* Takes what event_fd announced.  *USABLE says whether the client side can
     be opened now.  */
  int (*is_usable) (struct vtpm_pair *pair, bool *usable, struct vtpm_error **error);

  /* What to place in the container; valid once usable.  */
  int (*get_client_side) (struct vtpm_pair *pair, struct vtpm_client_side *side,
                          struct vtpm_error **error);

  /* Frees the pair and what it still owns.  The client side goes when the last
     copy of the server side is closed.  */
  void (*destroy) (struct vtpm_pair *pair);
};

/* What every driver's pair begins with.  */
struct vtpm_pair
{
  const struct vtpm_driver *driver;
  int server_fd; /* the supervisor's; close-on-exec; -1 once closed here */

  /* What the supervisor is to call the device (cuse), or empty.  */
  char device_name[VTPM_DEVICE_NAME_SIZE];

  /* In order of preference.  */
  struct vtpm_passed_over passed_over[VTPM_DRIVERS_MAX];
  size_t passed_over_count;
};

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
