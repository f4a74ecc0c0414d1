/* The bytecode of the program's second script (PART_FILE): on pages that nothing else is on. */
        .section .note.GNU-stack,"",%progbits
        .globl  part_bytecode, part_bytecode_end
        .section .part,"a",%progbits
        .balign 4096
part_bytecode: .incbin PART_FILE
part_bytecode_end:
        .size   part_bytecode, . - part_bytecode
        .type   part_bytecode, %object
