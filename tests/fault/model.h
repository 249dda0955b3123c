/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_MODEL_H
#define OCI_VTPM_FAULT_MODEL_H

/*
 * What the TPM must hold, known without asking it.
 *
 * Each thing that the test changes gets a sequence of changes, numbered from 1;
 * what change N of a thing is follows from the thing's label and N alone.  So
 * the number of acknowledged changes says all of the value that the TPM must
 * have, and a value that it has says which changes it took, which may be told
 * apart: one lost, one done twice.
 *
 * A change that was begun and not acknowledged, because the TPM went away, may
 * or may not have been done.
 *
 * Nothing here touches a TPM.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_DIGEST_SIZE 32

/* SHA-256 of LABEL and NUMBER: the data of a change.  */
void model_digest (const char *label, uint64_t number, uint8_t digest[MODEL_DIGEST_SIZE]);

/* SHA-256 of two pieces, of which either may be empty.  */
void model_hash (const void *one, size_t one_size, const void *other, size_t other_size,
                 uint8_t digest[MODEL_DIGEST_SIZE]);

enum model_verdict
{
  MODEL_EXACT,    /* what was acknowledged, no more and no less */
  MODEL_WAS_DONE, /* the same, and the one change whose answer is unknown */
  MODEL_LOST,     /* an acknowledged change is missing */
  MODEL_TWICE,    /* a change was done that nobody asked for, or once more than asked */
  MODEL_FOREIGN,  /* nothing that changes of ours, lost or repeated, explain */
};

/* For messages: "as acknowledged", "an acknowledged change is lost" ...  */
const char *model_verdict_text (enum model_verdict verdict);

bool model_verdict_good (enum model_verdict verdict);

/* A thing with a number for its value: a counter, or what an NV write says of
   itself.  */
struct model_number
{
  uint64_t acknowledged;
  bool in_flight;
};

/* The number that the next change leads to.  */
uint64_t model_number_begin (struct model_number *number);
void model_number_acknowledge (struct model_number *number);

/* Compares with what the TPM has and goes on from there, whatever it is.  */
enum model_verdict model_number_judge (struct model_number *number, uint64_t actual);

/* A value of SIZE bytes, 8 at least, that says which change made it and shows
   whether it is all there.  */
void model_data_make (const char *label, uint64_t number, uint8_t *data, size_t size);
enum model_verdict model_data_judge (struct model_number *number, const char *label,
                                     const uint8_t *data, size_t size);

/* A thing that hashes its changes into its value: a PCR, an NV index of the
   type extend.  */
struct model_chain
{
  char label[32];
  uint64_t first;        /* how many changes START stands for */
  uint64_t acknowledged; /* in all */
  bool in_flight;
  uint8_t start[MODEL_DIGEST_SIZE];
  uint8_t value[MODEL_DIGEST_SIZE]; /* after the acknowledged changes */
};

void model_chain_init (struct model_chain *chain, const char *label,
                       const uint8_t start[MODEL_DIGEST_SIZE]);

/* Stands for COUNT acknowledged changes from here on, without anybody doing them.  */
void model_chain_advance (struct model_chain *chain, uint64_t count);

/* What the next change extends with.  */
void model_chain_begin (struct model_chain *chain, uint8_t digest[MODEL_DIGEST_SIZE]);
void model_chain_acknowledge (struct model_chain *chain);
enum model_verdict model_chain_judge (struct model_chain *chain,
                                      const uint8_t actual[MODEL_DIGEST_SIZE]);

#endif
