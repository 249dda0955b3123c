/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_PROTOCOL_H
#define OCI_VTPM_PROTOCOL_H

/*
 * Every message that crosses a process boundary.  Each channel has its own
 * range of types, so that a descriptor given to the wrong process is noticed.
 * "text" payloads are not terminated on the wire.
 *
 *  hook  <-- start channel -->  supervisor  <-- emulator channel -->  emulator
 *                                   ^
 *  vtpmctl, hook  -- control socket +
 *
 *  hook  <-- manufacture channel -->  vtpm-manufacture  <-- CA channel -->  vtpm-ca
 */

/* Descriptors that a program inherits besides, for the supervisor only,
   /dev/null as 0, 1 and 2.  The emulator has no others, not even 0 to 2, and
   has mapped and closed the journal before it reads its first command; likewise
   vtpm-manufacture with the seed.  */
enum vtpm_inherited_fd
{
  VTPM_FD_SERVER = 3,  /* both: the server side of the device pair */
  VTPM_FD_CHANNEL = 4, /* supervisor: start channel; emulator: emulator channel */
  VTPM_FD_CONTAINER = 5, /* supervisor: pidfd of the container's init */
  VTPM_FD_SEED = 6,      /* supervisor: tpm_seed.h */
  VTPM_FD_HOST_KEYS = 7, /* supervisor with --instance or --pooled only: host_key.h */
  VTPM_FD_JOURNAL = 5,   /* emulator: journal.h */
  VTPM_FD_PROGRAM = 6,   /* emulator: its own program, which it closes */
  VTPM_FD_MANUFACTURE_CHANNEL = 3, /* vtpm-manufacture: to the hook */
  VTPM_FD_MANUFACTURE_SEED = 4,    /* vtpm-manufacture: tpm_seed.h */
  VTPM_FD_MANUFACTURE_CA = 5,      /* vtpm-manufacture with --ek only: to vtpm-ca */
  VTPM_FD_CA_CHANNEL = 3,          /* vtpm-ca: to vtpm-manufacture */
};

/* The start channel lives from the fork of the supervisor until the hook has
   what it wants.  Its closing before VTPM_START_RECORD means that the hook
   failed or died: the supervisor then ends and leaves nothing.  */
enum vtpm_start_message
{
  VTPM_START_READY = 0x100, /* supervisor: the TPM answers; no payload */
  VTPM_START_FAILED,        /* supervisor: text, the reason; then it ends */
  VTPM_START_DEVICE_DROPPED, /* supervisor: as FAILED, and another try may fare better */
  VTPM_START_RECORD,        /* hook: text, the content of vtpm.json */
  VTPM_START_RECORDED,      /* supervisor: it is on disk; the start is complete */
};

enum vtpm_emulator_message
{
  VTPM_EMULATOR_READY = 0x200, /* emulator: TPM started, sandbox closed; no payload */
  VTPM_EMULATOR_LOG,           /* emulator: one byte enum vtpm_log_level, text */
  VTPM_EMULATOR_FAILED,        /* emulator: text, why it cannot go on; then it exits */
  VTPM_EMULATOR_SERVER_GONE,   /* emulator: the kernel has dropped the device; no payload */
  VTPM_EMULATOR_STOP,          /* supervisor: shut the TPM down in order and exit; no payload */
  VTPM_EMULATOR_STOPPED,       /* emulator: the TPM is shut down; then it exits; no payload */
  VTPM_EMULATOR_COMMIT,        /* emulator: uint64_t, the record to make durable; then it waits */
  VTPM_EMULATOR_COMMITTED,     /* supervisor: it is; no payload */
  VTPM_EMULATOR_NOT_COMMITTED, /* supervisor: it is not, and the log says why; no payload */
  VTPM_EMULATOR_BUSY,          /* emulator: works, and nobody watches it; no payload */
  VTPM_EMULATOR_EK,            /* emulator, before READY: one byte enum vtpm_key_type, its
                                  certificate (DER) */
};

/* vtpm-manufacture sends one message and exits.  */
enum vtpm_manufacture_message
{
  VTPM_MANUFACTURE_MADE = 0x400, /* uint64_t, the size of the state in the seed */
  VTPM_MANUFACTURE_FAILED,       /* text, the reason */
};

/* Between vtpm-manufacture, who asks, and vtpm-ca; one answer to each question.  vtpm-ca may
   send VTPM_CA_REFUSED before it is asked.  */
enum vtpm_ca_message
{
  VTPM_CA_CERTIFY = 0x500, /* certify_message.h */
  VTPM_CA_CERTIFIED,       /* the certificate, DER */
  VTPM_CA_REFUSED,         /* text, the reason; then it ends */
};

/* The control socket /run/oci-vtpm/<container-id>/control.  A client that
   keeps its connection open sees it close when the vTPM is gone.  */
enum vtpm_control_message
{
  VTPM_CONTROL_STATUS = 0x300, /* client: no payload */
  VTPM_CONTROL_STOP,           /* client: no payload */
  VTPM_CONTROL_STATUS_IS,      /* supervisor: text, a JSON object */
  VTPM_CONTROL_STOPPING,       /* supervisor: no payload; then, in time, end of file */
  VTPM_CONTROL_RESUME,         /* client: leave failure mode, try again; no payload */
  VTPM_CONTROL_RESUMING,       /* supervisor: no payload */
  VTPM_CONTROL_REFUSED,        /* supervisor: text, why not */
};

#endif
